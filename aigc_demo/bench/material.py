"""Something to train on without a download: pictures that a shipped VAE draws, and the text of this very program."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from aigc_demo.actions.base import to_pictures
from aigc_demo.cli.flags import Asked
from aigc_demo.core.settings import ROOT
from aigc_demo.runtime.registry import find_card

ARTIST = "vae-digits"
PICTURES, HELD_OUT = 4000, 500


def write_pictures(asked: Asked, folder: Path) -> Path:
    """A prepared folder of digits drawn from the VAE's density, all classes in turn."""
    with asked.cache.use(find_card(ARTIST, asked.settings)) as model:
        labels = torch.arange(PICTURES + HELD_OUT) % len(model.classes["en"])
        weights = torch.eye(len(model.classes["en"]))
        z = model.sample_latents(labels, torch.Generator().manual_seed(0))
        drawn = [
            _draw(model, part, weights[rows])
            for part, rows in zip(z.split(500), labels.split(500), strict=True)
        ]
    images, labels = torch.cat(drawn), labels.to(torch.uint8)
    folder.mkdir()
    tensors = {
        "train_images": images[:PICTURES].clone(),
        "train_labels": labels[:PICTURES].clone(),
        "test_images": images[PICTURES:].clone(),
        "test_labels": labels[PICTURES:].clone(),
    }
    save_file(tensors, folder / "images.safetensors")
    source = {"name": ARTIST, "source": ARTIST, "classes": model.classes}
    (folder / "source.json").write_text(json.dumps(source), encoding="utf-8")
    return folder


@torch.inference_mode()
def _draw(model, z: Tensor, weights: Tensor) -> Tensor:
    device = model.device
    return torch.from_numpy(to_pictures(model.decode(z.to(device), weights.to(device))))


def write_text(path: Path) -> Path:
    """All Python sources of this program in one file, about half a million characters."""
    sources = sorted((ROOT / "aigc_demo").rglob("*.py"))
    path.write_text("\n".join(source.read_text(encoding="utf-8") for source in sources), encoding="utf-8")
    return path
