"""Figures for the card."""

from pathlib import Path

import torch
from aigc_demo.families.toy.losses import error
from aigc_demo.families.toy.model import Means

from aigc_demo.data import images


def evaluate(folder: Path, data: Path, device: str) -> dict[str, float]:
    """How many pictures it was trained on, and the error of held-out ones."""
    arrays, model = images.load(data), Means(folder, device)
    drawn = model.decode(torch.zeros(1, model.latent_dim), torch.eye(len(model.classes["en"])))
    real = arrays["test_images"][:, None].float() / 127.5 - 1
    held_out = error(drawn[arrays["test_labels"].long()], real)
    return {"pictures": len(arrays["train_images"]), "held_out_loss": float(held_out)}
