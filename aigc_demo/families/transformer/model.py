"""A language model as the app uses it: prompts in, tokens out one by one, and a look at its attention."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.core.stopping import Stop, never
from aigc_demo.core.words import Text
from aigc_demo.families.transformer.decoding import FastDecoder, decode
from aigc_demo.families.transformer.networks import Decoder
from aigc_demo.families.transformer.saving import load_network
from aigc_demo.language.corpus import Corpus
from aigc_demo.language.drafts import draft_seed
from aigc_demo.language.forms import FORMS, MARKS, Acrostic, find_form
from aigc_demo.language.prompts import Prompts
from aigc_demo.language.prosody import is_standard
from aigc_demo.language.sampling import Settings, uniforms
from aigc_demo.language.tokenizer import Pieces, load_tokenizer
from aigc_demo.models.checkpoints import read_config
from aigc_demo.models.protocols import Step, TokenChoice
from aigc_demo.provenance.watermark.text import TextMark

ALTERNATIVES = 8


class LanguageModel:
    """A network with its tokenizer: `forms` and `language` say what it writes."""

    def __init__(self, network: Decoder, tokenizer: Any, language: str, forms: Sequence[str]) -> None:
        self.network, self.tokenizer = network, tokenizer
        self.device = network.model.embed_tokens.weight.device
        self.language, self.forms = language, tuple(forms)
        self.pieces = Pieces(tokenizer)
        self.prompts = Prompts(self.tokenizer, bool(self.forms), self.context_length)

    @classmethod
    def of(cls, network: Decoder, corpus: Corpus) -> "LanguageModel":
        """A network that is learning `corpus`, as the model that it would be."""
        return cls(network, corpus.tokenizer, corpus.language, corpus.forms)

    @classmethod
    def load(cls, folder: Path, device: torch.device | str = "cpu") -> "LanguageModel":
        """The model in `folder`; an InputError where files are missing or do not fit."""
        config, tokenizer = read_config(folder), load_tokenizer(folder)
        spoken = [name for name in FORMS if tokenizer.token_to_id(f"<{name}>") is not None]
        forms = [name for name in spoken if name in config.get("forms", FORMS)]
        return cls(load_network(folder, device), tokenizer, config.get("language", "en"), forms)

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

    def check_prompt(self, prompt: str, prompt_is: str = "title") -> Text | None:
        """What will be left out of the prompt, if anything; InputError where nothing can be read."""
        return self.prompts.note(prompt, prompt_is)

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
        drafts: int = 1,
        simplified: bool = False,
        mark: TextMark | None = None,
        stop: Stop = never,
    ) -> Iterator[Step]:
        """Sample `drafts` of each of `count` texts at once, a Step each new token, until all have ended or `stop()` is true.

        prompt_is "title" or "opening" (the poem's first characters; prose always goes on from its prompt).
        heads: an acrostic's line openings. simplified: verse without traditional and variant characters. Draft j of
        sample i is at i * drafts + j of a Step, and depends on `draft_seed(seed + i, j)` alone.
        mark: the watermark to put in. Errors: InputError.
        """
        settings = Settings(temperature, top_k, top_p, repetition_penalty, mark)
        _check_range("count", count * drafts, 1, 256)
        _check_range("max_new_tokens", max_new_tokens, 1, 4096)
        ids = self.encode_prompt(prompt, form, prompt_is)
        never_written = self._never_written | self._not_standard if simplified else self._never_written
        acrostic = self._acrostic(form, heads, prompt_is, ~never_written)
        forbidden = acrostic.forbidden if acrostic else lambda step: never_written
        seeds = [draft_seed(seed + index, draft) for index in range(count) for draft in range(drafts)]
        draws = uniforms(seeds, max_new_tokens).to(self.device)
        steps = decode(self.decoder, ids, draws, settings, forbidden, self._penalised)
        return self._tell(steps, len(seeds), stop)

    @cached_property
    def _never_written(self) -> Tensor:
        """(vocab,) of bool: special tokens but the end."""
        special = ~self.pieces.plain
        special[self.prompts.end] = False
        return special.to(self.device)

    @cached_property
    def _not_standard(self) -> Tensor:
        """(vocab,) of bool: a poem's characters that are traditional, or variants of others; none for prose."""
        if not self.forms:
            return torch.zeros_like(self._never_written)
        wrong = [
            len(label) == 1 and label not in MARKS and not is_standard(label) for label in self.pieces.labels
        ]
        return torch.tensor(wrong, device=self.device)

    @cached_property
    def _penalised(self) -> Tensor:
        """(vocab,) of bool: what may get rarer by repetition. A poem's marks must recur."""
        plain = self.pieces.plain.clone()
        if self.forms:
            plain[self._marks] = False
        return plain.to(self.device)

    @property
    def _marks(self) -> list[int]:
        return [self.tokenizer.token_to_id(mark) for mark in MARKS]

    def _acrostic(self, form: str | None, heads: str, prompt_is: str, written: Tensor) -> Acrostic | None:
        """The constraint for `heads`, or None without heads. written: (vocab,) of bool, what may be written at all."""
        if not heads.strip():
            return None
        if not self.forms:
            raise InputError(
                en="This model writes prose, which has no acrostics; leave the heads empty.",
                zh="该模型写的是散文，不支持藏头；请将藏头字留空。",
            )
        if prompt_is == "opening":
            raise InputError(
                en="An acrostic sets the line openings itself; give a title instead of an opening.",
                zh="藏头诗的句首由藏头字决定；请填写题目，而不是开头。",
            )
        plain = written.clone()
        plain[[*self._marks, self.prompts.end]] = False
        name, ids = find_form(self._form_name(form)), self.prompts.heads(heads)
        return Acrostic(name, ids, self._marks, self.prompts.end, plain)

    def _tell(self, steps: Iterator[tuple[Tensor, Tensor]], count: int, stop: Stop) -> Iterator[Step]:
        """A Step for each pair of logits and chosen tokens, until every sample has ended or `stop()` is true."""
        writers = [self.pieces.writer() for _ in range(count)]
        alive = [True] * count
        for index, (logits, chosen) in enumerate(steps):
            tokens = chosen.tolist()
            alive = [was and token != self.prompts.end for was, token in zip(alive, tokens, strict=True)]
            if stop() or not any(alive):
                return
            odds = self._odds(logits, chosen)
            yield Step(
                index,
                [
                    TokenChoice(write(token), token, *own) if living else None
                    for write, token, own, living in zip(writers, tokens, odds, alive, strict=True)
                ],
            )

    def _odds(self, logits: Tensor, chosen: Tensor) -> Iterator[tuple[float, list[tuple[str, float]]]]:
        """For each sample: the model's own probability of the chosen token, and the likeliest tokens with theirs."""
        probabilities = logits.softmax(-1)
        best = probabilities.topk(min(ALTERNATIVES, probabilities.shape[1]))
        own = probabilities.gather(1, chosen.unsqueeze(1)).squeeze(1)
        for probability, ids, values in zip(
            own.tolist(), best.indices.tolist(), best.values.tolist(), strict=True
        ):
            yield probability, [(self.pieces.labels[i], value) for i, value in zip(ids, values, strict=True)]

    def attention(self, ids: Sequence[int], layer: int, head: int) -> tuple[list[str], Tensor]:
        """Labels of the last tokens, a context of them at most, and the attention weights (T, T) of one head: row t is token t's."""
        _check_range("layer", layer, 0, self.layers - 1)
        _check_range("head", head, 0, self.heads - 1)
        ids = list(ids)[-self.context_length :]
        weights = self.network.attention(torch.tensor([ids], device=self.device), layer)[0, head]
        return [self.pieces.labels[token] for token in ids], weights.cpu()


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InputError(
            en=f"{name} is {value}; give {low} to {high}.", zh=f"{name} 为 {value}；请填 {low} 到 {high}。"
        )
