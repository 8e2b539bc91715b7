import json

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as F


def digits(count, side=28, colour=False):
    """scikit-learn's 8 x 8 digits, enlarged: uint8 pictures (N, side, side[, 3]) and labels (N,)."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    small = torch.from_numpy(bunch.images[:count]).float()[:, None] / 16
    large = F.interpolate(small, size=(side, side), mode="bilinear")
    pictures = (large * 255).round().clamp(0, 255).byte()[:, 0]
    return pictures[..., None].repeat(1, 1, 1, 3) if colour else pictures, torch.from_numpy(
        bunch.target[:count]
    ).to(torch.uint8)


@pytest.fixture(scope="session")
def prepare(tmp_path_factory):
    """A function that writes a prepared folder of digits: of which classes, how many, what side, grey or colour."""

    def write(classes=range(10), count=600, side=28, colour=False, held_out=0.2):
        pictures, labels = digits(count, side, colour)
        mine = torch.isin(labels, torch.tensor(list(classes)))
        pictures, labels = pictures[mine], torch.tensor([list(classes).index(x) for x in labels[mine]])
        cut = round(len(labels) * held_out)
        folder = tmp_path_factory.mktemp("digits")
        arrays = {
            "train_images": pictures[cut:],
            "train_labels": labels[cut:].byte(),
            "test_images": pictures[:cut],
            "test_labels": labels[:cut].byte(),
        }
        save_file({name: part.contiguous() for name, part in arrays.items()}, folder / "images.safetensors")
        names = [str(label) for label in classes]
        (folder / "source.json").write_text(json.dumps({"classes": {"en": names, "zh": names}}))
        return folder

    return write
