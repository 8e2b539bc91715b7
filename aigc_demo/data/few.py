"""Twenty pictures of MNIST, two of each digit, as if one had brought them: what few pictures do to a model."""

import hashlib
from pathlib import Path

import torch
from safetensors.torch import save

from aigc_demo.core.disk import write_atomically
from aigc_demo.data.images import FILE, read_arrays

EACH, HELD_OUT = 2, 200


def prepare(source: Path, out: Path) -> tuple[dict[str, int], str]:
    """Write the first pictures of each digit under `source` to `out`, without labels; counts and sha256."""
    arrays = read_arrays(source)
    digits = arrays["train_labels"]
    chosen = torch.cat([(digits == digit).nonzero()[:EACH, 0] for digit in range(10)])
    train, test = arrays["train_images"][chosen], arrays["test_images"][:HELD_OUT].clone()
    digest = hashlib.sha256(train.numpy().tobytes() + test.numpy().tobytes()).hexdigest()
    pictures = {"train_images": train, "test_images": test}
    labels = {
        "train_labels": torch.zeros(len(train), dtype=torch.uint8),
        "test_labels": torch.zeros(len(test), dtype=torch.uint8),
    }
    write_atomically(out / FILE, save({**pictures, **labels}))
    return {"train": len(train), "test": len(test)}, digest
