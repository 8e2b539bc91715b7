"""Digits drawn by the app's own GAN, labelled: handwriting that is there without a network, made in seconds.

What learns from them learns a model, not the world: they have its habits and its mistakes.
"""

from pathlib import Path

import torch
from torch import Tensor

from aigc_demo.core.settings import settings_from
from aigc_demo.data.images import keep
from aigc_demo.models.cards import read_card
from aigc_demo.models.family import family
from aigc_demo.models.pixels import to_uint8

MODEL = "gan-digits"
TRAIN, TEST = 2000, 400
CHUNK = 250  # pictures drawn at a time


def prepare(source: Path, out: Path) -> tuple[dict[str, int], str]:
    """Draw the set into `out`; its counts and sha256. `source` is not looked at."""
    card = read_card(settings_from({}).weights_dir / MODEL, MODEL)
    model = family(card.family).part().load(card.folder, "cpu")
    arrays = {}
    for split, count, seed in (("train", TRAIN, 0), ("test", TEST, 1)):
        labels = torch.arange(count) % len(model.classes["en"])
        arrays |= {f"{split}_images": draw(model, labels, seed), f"{split}_labels": labels.byte()}
    return keep(arrays, out)


def draw(model: object, labels: Tensor, seed: int) -> Tensor:
    """Grey pictures (N, H, W) uint8 of the classes (N,)."""
    generator = torch.Generator().manual_seed(seed)
    one_hot = torch.eye(len(model.classes["en"]))
    with torch.inference_mode():
        parts = [
            to_uint8(model.decode(model.sample_latents(part, generator), one_hot[part]))
            for part in labels.split(CHUNK)
        ]
    return torch.cat(parts)
