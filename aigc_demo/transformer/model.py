"""A language model as the app uses it: prompts in, tokens out one by one, and a look at its attention."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from aigc_demo.checkpoints import read_config
from aigc_demo.contracts import Step, TokenChoice
from aigc_demo.errors import InputError
from aigc_demo.transformer.decoding import FastDecoder, expand
from aigc_demo.transformer.folder import load_network
from aigc_demo.transformer.forms import FORMS, MARKS, Acrostic, find_form
from aigc_demo.transformer.prompts import Prompts
from aigc_demo.transformer.sampling import Settings, penalise, sample, uniforms
from aigc_demo.transformer.tokenizer import Pieces, load_tokenizer

ALTERNATIVES = 8


class LanguageModel:
    """A model folder, loaded: `forms` and `language` say what it writes."""

    def __init__(self, folder: Path, device: torch.device | str = "cpu") -> None:
        self.network = load_network(folder, device)
        self.tokenizer = load_tokenizer(folder)
        self.device = torch.device(device)
        self.language: str = read_config(folder).get("language", "en")
        self.pieces = Pieces(self.tokenizer)
        self.forms = tuple(name for name in FORMS if self.tokenizer.token_to_id(f"<{name}>") is not None)
        self.prompts = Prompts(self.tokenizer, bool(self.forms), self.context_length)

    @property
    def context_length(self) -> int:
        """The longest text that the network sees at once, in tokens."""
        return self.network.shape.context_length

    @property
    def layers(self) -> int:
        """Number of layers."""
        return self.network.shape.layers

    @property
    def heads(self) -> int:
        """Number of attention heads in a layer."""
        return self.network.shape.heads

    @cached_property
    def decoder(self) -> FastDecoder:
        """The weights arranged for decoding."""
        return FastDecoder(self.network)

    def check_prompt(self, prompt: str) -> tuple[str, str] | None:
        """What will be left out of the prompt, as (en, zh), if anything; InputError where nothing can be read."""
        return self.prompts.note(prompt)

    def encode_prompt(self, prompt: str, form: str | None = None, prompt_is: str = "title") -> list[int]:
        """The token ids that `generate` starts from, control tokens included."""
        return self.prompts.encode(prompt, self._form_name(form), prompt_is)

    def _form_name(self, form: str | None) -> str | None:
        if not self.forms:
            return None
        return find_form(form or self.forms[0]).name

    def generate(
        self,
        prompt: str,
        *,
        form: str | None = None,
        prompt_is: str = "title",
        heads: str = "",
        count: int = 1,
        max_new_tokens: int = 100,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        repetition_penalty: float = 1.0,
        seed: int = 0,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Step]:
        """Sample `count` texts at once, a Step each new token, until all have ended or `stop()` is true.

        prompt_is "title" or "opening" (the poem's first characters; prose always goes on from its prompt).
        heads: an acrostic's line openings. Sample i depends on seed + i alone. Errors: InputError.
        """
        settings = Settings(temperature, top_k, top_p, repetition_penalty)
        _check_range("count", count, 1, 256)
        _check_range("max_new_tokens", max_new_tokens, 1, 4096)
        ids = self.encode_prompt(prompt, form, prompt_is)
        written = len(ids) - ids.index(self.prompts.separator) - 1 if self.forms else 0
        acrostic = self._acrostic(form, heads, written)
        return self._sample(ids, written, acrostic, count, max_new_tokens, settings, seed, stop)

    def _acrostic(self, form: str | None, heads: str, written: int) -> Acrostic | None:
        """The constraint for `heads`, or None without heads."""
        if not heads.strip():
            return None
        if not self.forms:
            raise InputError(
                en="This model writes prose, which has no acrostics; leave the heads empty.",
                zh="该模型写的是散文，不支持藏头；请将藏头字留空。",
            )
        if written:
            raise InputError(
                en="An acrostic sets the line openings itself; give a title instead of an opening.",
                zh="藏头诗的句首由藏头字决定；请填写题目，而不是开头。",
            )
        marks = [self.tokenizer.token_to_id(mark) for mark in MARKS]
        plain = self.pieces.plain.clone()
        plain[marks] = False
        end = self.prompts.end
        return Acrostic(
            find_form(self._form_name(form)), self.prompts.heads(heads), (marks[0], marks[1]), end, plain
        )

    @torch.inference_mode()
    def _sample(
        self,
        ids: list[int],
        written: int,
        acrostic: Acrostic | None,
        count: int,
        max_new_tokens: int,
        settings: Settings,
        seed: int,
        stop: Callable[[], bool],
    ) -> Iterator[Step]:
        """The decoding loop: read, filter, draw, tell."""
        cache = self.decoder.new_cache(1)
        logits = self.decoder.read(torch.tensor([ids], device=self.device), cache).expand(count, -1)
        cache = expand(cache, self.network.shape, count)
        history = torch.tensor(ids, device=self.device).repeat(count, 1)
        draws = uniforms(seed, count, max_new_tokens).to(self.device)
        writers = [self.pieces.writer() for _ in range(count)]
        open_ = [True] * count
        usual = self.pieces.plain.clone()
        usual[self.prompts.end] = True
        for index in range(max_new_tokens):
            if stop():
                return
            allowed = acrostic.allowed(written + index) if acrostic else usual
            scores = penalise(logits, self._repeated(history), settings.repetition_penalty)
            chosen = sample(
                scores.masked_fill(~allowed.to(self.device), -torch.inf), settings, draws[:, index]
            )
            for sample_index, token in enumerate(chosen.tolist()):
                open_[sample_index] &= token != self.prompts.end
            if not any(open_):
                return
            yield Step(index, self._tell(logits, chosen, open_, writers))
            history = torch.cat((history, chosen.unsqueeze(1)), dim=1)
            if cache.length == self.context_length:  # go on from the last half
                cache = self.decoder.new_cache(count)
                logits = self.decoder.read(history[:, -(self.context_length // 2) :], cache)
            else:
                logits = self.decoder.read(chosen.unsqueeze(1), cache)

    def _repeated(self, history: Tensor) -> Tensor:
        """(count, vocab) of bool: the tokens that a repetition penalty falls on. A poem's marks must recur."""
        seen = torch.zeros(len(history), self.network.shape.vocab_size, dtype=torch.bool, device=self.device)
        seen.scatter_(1, history, True)
        if self.forms:
            seen[:, [self.tokenizer.token_to_id(mark) for mark in MARKS]] = False
        return seen

    def _tell(
        self, logits: Tensor, chosen: Tensor, open_: Sequence[bool], writers: Sequence[Callable[[int], str]]
    ) -> list[TokenChoice | None]:
        """What was chosen in each open sample, with the model's own probabilities."""
        probabilities = logits.softmax(-1)
        own = probabilities.gather(1, chosen.unsqueeze(1)).squeeze(1).tolist()
        best = probabilities.topk(min(ALTERNATIVES, probabilities.shape[1]))
        rows = zip(
            chosen.tolist(), own, best.indices.tolist(), best.values.tolist(), open_, writers, strict=True
        )
        return [
            TokenChoice(
                write(token),
                token,
                probability,
                [(self.pieces.label(i), p) for i, p in zip(ids, values, strict=True)],
            )
            if alive
            else None
            for token, probability, ids, values, alive, write in rows
        ]

    def attention(self, ids: Sequence[int], layer: int, head: int) -> tuple[list[str], Tensor]:
        """Labels of the tokens and the attention weights (T, T) of one head; row t is what token t looks at."""
        _check_range("layer", layer, 0, self.layers - 1)
        _check_range("head", head, 0, self.heads - 1)
        ids = list(ids)[: self.context_length]
        weights = self.network.attention(torch.tensor([ids], device=self.device), layer)[0, head]
        return [self.pieces.label(token) for token in ids], weights.cpu()


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InputError(
            en=f"{name} is {value}; give {low} to {high}.", zh=f"{name} 为 {value}；请填 {low} 到 {high}。"
        )
