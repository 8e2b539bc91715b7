"""Several readers' texts written at once: each reader's samples are rows of one batch, which joins and leaves as it likes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from aigc_demo.core.stopping import Stop, never
from aigc_demo.families.transformer.kv_batch import Rows
from aigc_demo.language.sampling import Settings, penalise, sample, uniforms
from aigc_demo.models.protocols import Step, TokenChoice
from aigc_demo.pretrained.detokenise import Pieces

ALTERNATIVES = 8


@dataclass
class Wish:
    """What one reader wants: `count` texts that go on from `ids`, of at most `length` tokens. `stop` ends it early.

    Sample i depends on seed + i alone. `spaced`: the text goes on from the prompt, else it stands by itself.
    """

    ids: Sequence[int]
    settings: Settings
    length: int
    seed: int = 0
    count: int = 1
    stop: Stop = never
    spaced: bool = False


@dataclass(eq=False)
class Text:
    """A wish while it is written: its rows' samples, and what its sampler remembers."""

    wish: Wish
    draws: Tensor
    writers: list[Callable[[int], str]]
    alive: list[bool]
    seen: Tensor
    chosen: Tensor  # (count,), the last token of each sample; at first, the prompt's
    written: int = 0


class Batch:
    """The texts that one network writes at once. `add` a wish, then `step` until its text is no longer in `texts`."""

    def __init__(self, network: Any, pieces: Pieces) -> None:
        self.network, self.pieces = network, pieces
        self.rows = Rows(network)
        self.texts: list[Text] = []
        self.logits = torch.empty(0)
        special = [index for index, token in pieces.tokenizer.added_tokens_decoder.items() if token.special]
        self.unpenalised = torch.tensor(special, dtype=torch.long, device=self.rows.device)

    @torch.inference_mode()
    def add(self, wish: Wish) -> Text:
        """Read the wish's prompt; its texts are written from the next step on. Stopped where its stop flag is set."""
        logits = self.rows.join(wish.ids, wish.count, wish.stop)
        self.logits = torch.cat((self.logits, logits)) if self.texts else logits
        seen = torch.zeros(logits.shape, dtype=torch.bool, device=logits.device)
        seen[:, torch.tensor(list(wish.ids), device=logits.device)] = True
        writers = [self.pieces.writer(wish.ids if wish.spaced else ()) for _ in range(wish.count)]
        draws = uniforms(wish.seed, wish.count, wish.length).to(logits.device)
        last = torch.full((wish.count,), wish.ids[-1], device=logits.device)
        text = Text(wish, draws, writers, [True] * wish.count, seen, last)
        self.texts.append(text)
        return text

    @torch.inference_mode()
    def step(self) -> list[tuple[Text, Step | None]]:
        """A token more for every text, with its odds; None for a text that has ended, been stopped or is full."""
        told = []
        for text, logits in zip(self.texts, self._split(self.logits), strict=True):
            told.append((text, self._write(text, logits)))
        self._leave([step is not None and text.written < text.wish.length for text, step in told])
        if self.texts:
            self.logits = self.rows.read(torch.cat([text.chosen for text in self.texts]))
        return told

    def drop(self, text: Text) -> None:
        """Let a text go before it has ended."""
        self._leave([other is not text for other in self.texts])

    def _split(self, logits: Tensor) -> Sequence[Tensor]:
        return logits.split([text.wish.count for text in self.texts])

    def _write(self, text: Text, logits: Tensor) -> Step | None:
        """Choose the next token of each sample of one text; logits (count, vocab)."""
        wish = text.wish
        if wish.stop() or text.written == wish.length:
            return None
        seen = (
            text.seen.index_fill(1, self.unpenalised, False)
            if wish.settings.repetition_penalty != 1
            else text.seen
        )
        scores = penalise(logits, seen, wish.settings.repetition_penalty)
        text.chosen = sample(scores, wish.settings, text.draws[:, text.written], text.chosen)
        tokens = text.chosen.tolist()
        text.alive = [
            was and token not in self.pieces.ends for was, token in zip(text.alive, tokens, strict=True)
        ]
        if not any(text.alive):
            return None
        text.seen.scatter_(1, text.chosen.unsqueeze(1), True)
        text.written += 1
        choices = zip(text.writers, tokens, self._odds(logits, text.chosen), text.alive, strict=True)
        return Step(
            text.written - 1,
            [
                TokenChoice(write(token), token, *odds) if alive else None
                for write, token, odds, alive in choices
            ],
        )

    def _odds(self, logits: Tensor, chosen: Tensor) -> Iterator[tuple[float, list[tuple[str, float]]]]:
        """For each row: the model's own probability of the chosen token, and the likeliest tokens with theirs."""
        probabilities = logits.softmax(-1)
        best = probabilities.topk(min(ALTERNATIVES, probabilities.shape[1]))
        own = probabilities.gather(1, chosen.unsqueeze(1)).squeeze(1)
        for probability, ids, values in zip(
            own.tolist(), best.indices.tolist(), best.values.tolist(), strict=True
        ):
            yield probability, [(self.pieces.label(i), value) for i, value in zip(ids, values, strict=True)]

    def _leave(self, stays: Sequence[bool]) -> None:
        """Let the texts go of which `stays` is false."""
        rows, place = [], 0
        for text, stay in zip(self.texts, stays, strict=True):
            rows += range(place, place + text.wish.count) if stay else ()
            place += text.wish.count
        self.texts = [text for text, stay in zip(self.texts, stays, strict=True) if stay]
        self.rows.keep(rows)
        self.logits = self.logits[rows]


def write_alone(network: Any, pieces: Pieces, wish: Wish) -> Iterator[Step]:
    """The steps of a single wish."""
    batch = Batch(network, pieces)
    batch.add(wish)
    while batch.texts:
        [(_, step)] = batch.step()
        if step is None:
            return
        yield step
