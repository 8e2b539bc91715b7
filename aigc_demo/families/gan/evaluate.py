"""How good a GAN is beyond its own losses: variety, judgement of unseen pictures, and copies of training pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from aigc_demo.data import images
from aigc_demo.metrics.least import enough
from aigc_demo.metrics.pictures import memorised_share, nearest_ratio, pairwise_diversity
from aigc_demo.models.pixels import to_float, to_uint8

GLANCE, LOOK = 64, 1000  # samples while a run trains, and of a finished one
SEEN, SEEN_ALL = 2000, 10_000  # training pictures that samples are compared with
THUMB = 32  # pixels: a copy shows as well at this side, at a fraction of the cost
CHUNK = 64

# (class labels (N,), z's seed) -> pictures (N, C, H, W) in [-1, 1]; and pictures with their labels -> logits (N,)
Draw = Callable[[Tensor, int], Tensor]
Judge = Callable[[Tensor, Tensor], Tensor]


def evaluate(folder: Path, data: Path, device: str) -> dict[str, float | int | str]:
    """A finished run's figures for its card: of its samples where there are enough pictures to compare them with, of
    unseen pictures where enough are held out.
    """
    from aigc_demo.families.gan.model import GAN

    model, arrays = GAN(folder, device), images.load(data)
    one_hot = torch.eye(len(model.classes["en"]))

    def draw(labels: Tensor, seed: int) -> Tensor:
        z = model.sample_latents(labels, torch.Generator().manual_seed(seed))
        return model.decode(z, one_hot[labels])

    def judge(pictures: Tensor, labels: Tensor) -> Tensor:
        return model.score(pictures, one_hot[labels])

    figures: dict[str, float | int | str] = {}
    if enough(arrays["train_images"]):
        labels, reals = pick(arrays, "train", LOOK)
        fakes = thumbnails(to_uint8(draw(labels, 0)))
        seen = thumbnails(arrays["train_images"][spaced(len(arrays["train_images"]), SEEN_ALL)])
        figures = {
            "samples": LOOK,
            "diversity": diversity(fakes, thumbnails(reals), labels),
            "nearest_ratio": nearest_ratio(fakes, seen),
            "memorised": memorised_share(fakes, seen),
        }
    if enough(arrays["test_images"]):
        figures["held_out_pictures"] = len(arrays["test_images"])
        figures["held_out_accuracy"] = held_out_accuracy(arrays, draw, judge, LOOK)
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}


def glance(arrays: dict[str, Any], draw: Draw, average_draw: Draw, judge: Judge) -> dict[str, float]:
    """A few of these figures while a run trains. What the discriminator judges is drawn by its own opponent."""
    figures = {}
    if enough(arrays["train_images"]):
        labels, reals = pick(arrays, "train", GLANCE)
        fakes = thumbnails(to_uint8(average_draw(labels, 0)))
        seen = thumbnails(arrays["train_images"][spaced(len(arrays["train_images"]), SEEN)])
        figures["diversity"] = diversity(fakes, thumbnails(reals), labels)
        figures["nearest_ratio"] = nearest_ratio(fakes, seen)
    if enough(arrays["test_images"]):
        figures["held_out_accuracy"] = held_out_accuracy(arrays, draw, judge, GLANCE)
    return figures


def held_out_accuracy(arrays: dict[str, Any], draw: Draw, judge: Judge, count: int) -> float:
    """Share of pairs in which the discriminator scores an unseen real picture above a fake of its class.

    Where it is far below the share in training, the discriminator knows the training pictures by heart.
    """
    labels, reals = pick(arrays, "test", count)
    return float((judge(to_float(reals), labels) > judge(draw(labels, 1), labels)).float().mean())


def diversity(fakes: Tensor, reals: Tensor, labels: Tensor) -> float:
    """Mean distance between two fakes of a class over that between two real pictures of it: near 0 is mode collapse.

    `labels` (N,) are those of both. Within classes, since a generator that draws one picture for each class has
    collapsed too; a real picture that stands in the batch twice counts as it is.
    """
    pairs = []
    for label in labels.unique():
        mine = labels == label
        if (weight := int(mine.sum())) > 1:
            pairs.append((weight, pairwise_diversity(fakes[mine]), pairwise_diversity(reals[mine])))
    if not pairs:
        return pairwise_diversity(fakes) / max(pairwise_diversity(reals), 1e-6)
    return sum(w * fake for w, fake, _ in pairs) / max(sum(w * real for w, _, real in pairs), 1e-6)


def pick(arrays: dict[str, Any], split: str, count: int) -> tuple[Tensor, Tensor]:
    """Labels and uint8 pictures of `count` rows, always the same, in turn again where there are fewer."""
    labels, pictures = arrays[f"{split}_labels"], arrays[f"{split}_images"]
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    rows = order.repeat(-(-count // len(order)))[:count]
    return labels[rows].long(), pictures[rows]


def spaced(total: int, most: int) -> Tensor:
    """At most `most` indices of `total`, evenly spread."""
    return torch.arange(min(total, most)) * total // min(total, most)


def thumbnails(pictures: Tensor) -> Tensor:
    """uint8 pictures (N, H, W[, 3]) -> float (N, C, h, w) in [-1, 1], h at most 32."""
    side = min(pictures.shape[1], THUMB)
    return torch.cat([F.adaptive_avg_pool2d(to_float(part), side) for part in pictures.split(CHUNK)])
