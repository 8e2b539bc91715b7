"""How good a classifier is on pictures that it has not learnt from: how often it is right, where it errs, what its odds mean."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aigc_demo.data import images
from aigc_demo.families.classifier.losses import cross_entropy
from aigc_demo.families.classifier.networks import Network
from aigc_demo.metrics.calibration import calibration_error
from aigc_demo.metrics.classes import confusion, macro_f1
from aigc_demo.metrics.intervals import wilson
from aigc_demo.metrics.least import LEAST, enough
from aigc_demo.models.pixels import to_float

LOOKED_AT = 1000  # pictures while a run trains
CHUNK = 250


def evaluate(folder: Path, data: Path, device: str) -> dict[str, float | int]:
    """The figures of a finished run for its card, on all held-out pictures; nothing where these are too few to tell.

    `accuracy` with its 95 % interval, `macro_f1`, the `calibration_error` of the odds, cross entropy in nats.
    """
    from aigc_demo.families.classifier.model import PictureClassifier

    arrays = images.load(data)
    labels = arrays["test_labels"].long()
    if not enough(labels):
        return {}
    model = PictureClassifier(folder, device)
    found = torch.cat([model.classify(to_float(part)) for part in arrays["test_images"].split(CHUNK)])
    table = confusion(labels.numpy(), found.argmax(1).numpy(), found.shape[1])
    right = wilson(int(table.trace()), len(labels))
    figures = {
        "accuracy": right.point,
        "accuracy_low": right.low,
        "accuracy_high": right.high,
        "macro_f1": float(macro_f1(table.ravel())),
        "calibration_error": calibration_error(found, labels),
        "cross_entropy": float(cross_entropy(found.clamp(min=1e-12).log(), labels)),
    }
    return {name: round(value, 4) for name, value in figures.items()} | {"held_out_pictures": len(labels)}


def glance(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """Figures of held-out pictures while a run trains, from logits (N, K) and labels (N,).

    `chance`: the share that is right where the commonest class is always said. `silent_classes`: how many classes are
    never said, of those with enough pictures among these to tell.
    """
    said, counts = logits.argmax(1), torch.bincount(labels, minlength=logits.shape[1])
    never = (torch.bincount(said, minlength=len(counts)) == 0) & (counts >= LEAST)
    return {
        "held_out_loss": float(cross_entropy(logits, labels)),
        "held_out_right": float((said == labels).float().mean()),
        "held_out_pictures": len(labels),
        "chance": float(counts.max() / counts.sum()),
        "classes": logits.shape[1],
        "silent_classes": float(never.sum()),
        "calibration_error": calibration_error(torch.softmax(logits, dim=1), labels),
    }


def some(data: dict[str, Any], split: str, count: int = LOOKED_AT) -> tuple[Tensor, Tensor]:
    """Pictures uint8 and labels (N,) of a split, at most `count`, always the same, whatever order they lie in."""
    order = torch.randperm(len(data[f"{split}_labels"]), generator=torch.Generator().manual_seed(0))[:count]
    return data[f"{split}_images"][order], data[f"{split}_labels"][order].long()


@torch.no_grad()
def said_of(network: Network, pictures: Tensor) -> Tensor:
    """The likeliest class (N,) of pictures uint8 (N, H, W[, 3]), on the CPU."""
    device = network.head.weight.device
    return torch.cat([network(to_float(part.to(device))).argmax(1).cpu() for part in pictures.split(CHUNK)])
