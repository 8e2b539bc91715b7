"""What a model in training writes from fixed seeds, and whether it goes round in circles."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from aigc_demo.models.protocols import TextModel

COUNT = 4
CHARACTERS = 120
OPENING = 24
GRAM = 4


@dataclass
class Sample:
    """A text: the `opening` that was given, and what the model wrote, as text and as tokens."""

    opening: str
    text: str
    ids: list[int]


@torch.inference_mode()
def write_samples(model: TextModel, held_out: Sequence[str], count: int = COUNT) -> list[Sample]:
    """`count` texts: quatrains without a title, or continuations of the opening of a held-out text."""
    opening = "" if model.forms else opening_of(held_out)
    samples = [Sample(opening, "", []) for _ in range(count)]
    for step in model.generate(
        opening, form="qijue", count=count, max_new_tokens=CHARACTERS, temperature=0.8
    ):
        for sample, token in zip(samples, step.tokens, strict=True):
            if token and len(sample.text) < CHARACTERS:
                sample.ids.append(token.id)
                sample.text += token.text
        if min(len(sample.text) for sample in samples) >= CHARACTERS:
            break
    return samples


def opening_of(texts: Sequence[str]) -> str:
    """The first words of the longest text, about OPENING characters."""
    start = max(texts, key=len, default="")[:OPENING]
    return start.rpartition(" ")[0] or start


def passages(texts: Sequence[str]) -> list[str]:
    """COUNT passages of the samples' length, evenly from the texts: what is usual for text of that author."""
    text = "\n".join(texts)
    return [text[i * len(text) // COUNT :][:CHARACTERS] for i in range(COUNT)]


def repetition(rows: Sequence[Sequence[int]]) -> float:
    """Share of the GRAM-grams of tokens that stood earlier in the same row; 0 for rows too short to tell."""
    grams = [[tuple(row[i : i + GRAM]) for i in range(len(row) - GRAM + 1)] for row in rows]
    total = sum(map(len, grams))
    return 1 - sum(len(set(row)) for row in grams) / total if total else 0.0
