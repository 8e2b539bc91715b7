"""What is looked at while an adapter trains: the same rows and the same seeds each time."""

from collections.abc import Sequence
from typing import Any

import torch

from aigc_demo.core.stopping import never
from aigc_demo.families.transformer.lora_data import Material, Row, collate
from aigc_demo.language.losses import bits, next_token_loss
from aigc_demo.language.samples import CHARACTERS, passages, repetition
from aigc_demo.language.writers import ANSWERED
from aigc_demo.metrics.least import enough_characters
from aigc_demo.metrics.memorisation import KnownText, copied_windows, longest_copy

ROWS = 16  # rows looked at, held out and of the training data
SAMPLING = {"max_new_tokens": 48, "temperature": 0.8, "top_p": 0.9}
SEARCHED = 2_000_000  # characters of training text in which copies are looked for


@torch.inference_mode()
def bits_per_character(model: Any, rows: Sequence[Row]) -> float:
    """Bits that a HubLanguageModel gives to the learned tokens of `rows`, for each character that they spell."""
    nats, characters = 0.0, 0
    for row in rows:
        ids, targets = collate([row], model.network.device)
        nats += next_token_loss(model.network(ids).logits[0].float(), targets[0]).item()
        characters += len(model.tokenizer.decode(row.ids[row.start :], skip_special_tokens=True))
    return bits(nats, max(characters, 1))


class LoraValidation:
    """Figures and samples of a model on its material."""

    def __init__(self, material: Material) -> None:
        self.material = material
        self.train, self.held_out = (spread(rows) for rows in (material.train, material.held_out))
        self.known = KnownText(material.train_texts, SEARCHED)
        self.usual_copy = max(1, longest_copy(passages(material.held_out_texts), self.known))
        self._written: list[tuple[str, list[int]]] = []

    def changed(self) -> None:
        """The model has taken a step: what it wrote before is no longer what it writes."""
        self._written = []

    def figures(self, model: Any) -> dict[str, float]:
        """Bits a character in training and held out, 4-grams repeated, and the longest run copied.

        The run is relative to what held-out passages of the samples' length share with the training text. What too
        little text would tell is left out.
        """
        figures = {}
        if enough_characters(self.material.train_texts):
            figures["train_bits"] = bits_per_character(model, self.train)
        if self.can_judge:
            figures["held_out"] = bits_per_character(model, self.held_out)
        written = self.write(model)
        texts = [text for text, _ in written]
        if enough_characters(texts):
            figures["repetition"] = repetition([ids for _, ids in written])
        if enough_characters(texts) and self.can_judge:
            figures["copied_run"] = longest_copy(texts, self.known) / self.usual_copy
        return figures

    @property
    def can_judge(self) -> bool:
        """Whether enough text is held out to tell anything by it."""
        return bool(self.held_out) and enough_characters(self.material.held_out_texts)

    def copies(self, model: Any) -> dict[str, float | int]:
        """How much of what the model writes stands in the training text, beside as much of the held-out text."""
        written = self.write(model)
        texts, usual = [text for text, _ in written], passages(self.material.held_out_texts)
        if not enough_characters(texts):
            return {}
        figures = {
            "repetition": round(repetition([ids for _, ids in written]), 3),
            "longest_copy": longest_copy(texts, self.known),
            "copied_share": round(copied_windows(texts, self.known), 4),
        }
        return figures | (
            {"longest_copy_of_held_out": longest_copy(usual, self.known)} if self.can_judge else {}
        )

    def write(self, model: Any) -> list[tuple[str, list[int]]]:
        """What fixed seeds write behind each opening: text and tokens."""
        if not self._written:
            openings = self.material.openings
            same = isinstance(openings[0], str)  # texts all go on from one opening
            self._written = _go_on(model, openings[0], len(openings)) if same else _answer(model, openings)
        return self._written

    def samples(self, model: Any) -> list[str]:
        """Openings with what the model writes behind them."""
        begun = [
            opening if isinstance(opening, str) else opening[-1]["content"] + ANSWERED
            for opening in self.material.openings
        ]
        return [start + text for start, (text, _) in zip(begun, self.write(model), strict=True)]


def _go_on(model: Any, opening: str, count: int) -> list[tuple[str, list[int]]]:
    """`count` continuations of a text, written at once."""
    rows: list[list[Any]] = [[] for _ in range(count)]
    for step in model.generate(opening, count=count, seed=0, **SAMPLING):
        for row, token in zip(rows, step.tokens, strict=True):
            row.extend([token] if token else [])
    return [_told(row) for row in rows]


def _answer(model: Any, conversations: Sequence[Any]) -> list[tuple[str, list[int]]]:
    """The answer to each conversation, all of them written at once."""
    batch = model.batch()
    told: dict[int, list[Any]] = {}
    for seed, turns in enumerate(conversations):
        system = turns[0]["content"] if turns[0]["role"] == "system" else ""
        asked = turns[1:] if system else turns
        request, _ = model.chat_request(asked, system, seed=seed, stop=never, **SAMPLING)
        told[id(batch.add(request))] = []
    while batch.running:
        for group, step in batch.step():
            told[id(group)] += step.tokens if step else ()
    return [_told(tokens) for tokens in told.values()]


def _told(tokens: Sequence[Any]) -> tuple[str, list[int]]:
    return "".join(token.text for token in tokens)[:CHARACTERS], [token.id for token in tokens]


def spread(rows: Sequence[Row]) -> list[Row]:
    """ROWS of the rows, evenly."""
    return list(rows[:: max(1, len(rows) // ROWS)][:ROWS])
