"""A language model as the app uses it, whatever its kind: prompts in, tokens out one by one, and how likely it finds a text."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.core.stopping import Stop, never
from aigc_demo.core.words import Text
from aigc_demo.language.corpus import HeldOut
from aigc_demo.language.decoding import Decoder, decode
from aigc_demo.language.drafts import draft_seed
from aigc_demo.language.forms import FORMS, MARKS, Acrostic, find_form
from aigc_demo.language.odds import odds_of
from aigc_demo.language.open_corpus import open_held_out
from aigc_demo.language.prompts import Prompts, check_kept
from aigc_demo.language.prosody import is_standard
from aigc_demo.language.sampling import Settings, uniforms
from aigc_demo.language.tokenizer import Pieces, load_tokenizer
from aigc_demo.models.checkpoints import read_config
from aigc_demo.models.protocols import Measured, Step, TokenChoice
from aigc_demo.provenance.watermark.text import TextMark

TEXTS_AT_ONCE = 32  # that are measured between two looks at `stop`


class Writer:
    """A tokenizer with what predicts its tokens: `forms` and `language` say what it writes.

    A kind of model gives its `decoder` and `nats`, and sets `device` and `context_length` before it calls `__init__`.
    """

    context_length: int
    device: torch.device

    def __init__(self, tokenizer: Any, language: str, forms: Sequence[str]) -> None:
        self.tokenizer, self.language, self.forms = tokenizer, language, tuple(forms)
        self.pieces = Pieces(tokenizer)
        self.prompts = Prompts(tokenizer, bool(self.forms), self.context_length)

    @property
    def decoder(self) -> Decoder:
        """What reads a text and says what may come next."""
        raise NotImplementedError

    def nats(self, rows: Sequence[HeldOut]) -> list[float]:
        """How unlikely the predicted places of each row are, in nats."""
        raise NotImplementedError

    def measure(self, data: Path, count: int, stop: Stop = never) -> list[Measured]:
        """At most `count` held-out texts of a prepared folder, evenly taken: poems, or passages of 500 characters or more."""
        texts = open_held_out(data, self.tokenizer, self.context_length)
        apart = max(1, -(-len(texts) // count))
        chosen, measured = texts[::apart][:count], []
        for start in range(0, len(chosen), TEXTS_AT_ONCE):
            if stop():
                raise Stopped
            part = chosen[start : start + TEXTS_AT_ONCE]
            nats = iter(self.nats([row for rows in part for row in rows]))
            for rows in part:
                characters = sum(row.characters for row in rows)
                tokens = sum(len(row.ids) - row.start for row in rows)
                measured.append(Measured(sum(next(nats) for _ in rows), characters, tokens))
        return measured

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
        continue_from: str = "",
        stop: Stop = never,
    ) -> Iterator[Step]:
        """Sample `drafts` of each of `count` texts at once, a Step each new token, until all have ended or `stop()` is true.

        prompt_is "title" or "opening" (the poem's first characters; prose always goes on from its prompt).
        heads: an acrostic's line openings. simplified: verse without traditional and variant characters. Draft j of
        sample i is at i * drafts + j of a Step, and depends on `draft_seed(seed + i, j)` alone.
        mark: the watermark to put in. continue_from: how each text begins; in a poem what follows holds to the form, as
        this has to. Errors: InputError.
        """
        settings = Settings(temperature, top_k, top_p, repetition_penalty, mark)
        _check_range("count", count * drafts, 1, 256)
        _check_range("max_new_tokens", max_new_tokens, 1, 4096)
        ids = self.encode_prompt(prompt, form, prompt_is)
        kept = self.prompts.kept(continue_from) if continue_from else []
        check_kept(kept, max_new_tokens)
        never_written = self._never_written | self._not_standard if simplified else self._never_written
        acrostic = self._acrostic(form, heads, prompt_is, ~never_written)
        forbidden = acrostic.forbidden if acrostic else lambda step: never_written
        if kept and self.forms:
            held = acrostic or self._held(form, [], ~never_written)
            start = len(ids) - 3 if prompt_is == "opening" else 0  # characters of the poem that were given
            self._check_form(kept, held, start)
            forbidden = lambda step: held.forbidden(start + step)  # noqa: E731
        seeds = [draft_seed(seed + index, draft) for index in range(count) for draft in range(drafts)]
        draws = uniforms(seeds, max_new_tokens).to(self.device)
        steps = decode(self.decoder, ids, draws, settings, forbidden, self._penalised, kept)
        return self._tell(steps, len(seeds), stop)

    def _check_form(self, kept: list[int], held: Acrostic, start: int) -> None:
        """An InputError where the tokens `kept`, from `start` characters on, break the form of a poem."""
        for place, token in enumerate(kept, start):
            if held.forbidden(place)[token]:
                label = self.pieces.labels[token]
                raise InputError(
                    en=f"{label} as character {place + 1} breaks the form; choose another.",
                    zh=f"第 {place + 1} 个字用“{label}”会破坏体裁；请另选。",
                )

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
        return self._held(form, self.prompts.heads(heads), written)

    def _held(self, form: str | None, heads: list[int], written: Tensor) -> Acrostic:
        """The form as a constraint, with the token ids of its lines' heads."""
        plain = written.clone()
        plain[[*self._marks, self.prompts.end]] = False
        return Acrostic(find_form(self._form_name(form)), heads, self._marks, self.prompts.end, plain)

    def _tell(self, steps: Iterator[tuple[Tensor, Tensor]], count: int, stop: Stop) -> Iterator[Step]:
        """A Step for each pair of logits and chosen tokens, until every sample has ended or `stop()` is true."""
        writers = [self.pieces.writer() for _ in range(count)]
        alive = [True] * count
        for index, (logits, chosen) in enumerate(steps):
            tokens = chosen.tolist()
            alive = [was and token != self.prompts.end for was, token in zip(alive, tokens, strict=True)]
            if stop() or not any(alive):
                return
            odds = odds_of(logits, chosen, self.pieces.labels.__getitem__)
            yield Step(
                index,
                [
                    TokenChoice(write(token), token, *own) if living else None
                    for write, token, own, living in zip(writers, tokens, odds, alive, strict=True)
                ],
            )


def read_writer(folder: Path) -> tuple[dict[str, Any], Any, str, list[str]]:
    """Of a model folder the config, the tokenizer, the language and the forms of verse; an InputError where one is broken."""
    config, tokenizer = read_config(folder), load_tokenizer(folder)
    spoken = [name for name in FORMS if tokenizer.token_to_id(f"<{name}>") is not None]
    forms = [name for name in spoken if name in config.get("forms", FORMS)]
    return config, tokenizer, config.get("language", "en"), forms


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InputError(
            en=f"{name} is {value}; give {low} to {high}.", zh=f"{name} 为 {value}；请填 {low} 到 {high}。"
        )
