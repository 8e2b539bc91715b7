"""Real digits, small ones of scikit-learn enlarged to 28 x 28, as the data set that the digit models name."""

import torch

from aigc_demo.core.disk import write_atomically, write_json
from aigc_demo.data import images


def scikit_digits():
    """Every second one to train on, the others held out."""
    from sklearn.datasets import load_digits

    found = load_digits()
    pictures = torch.from_numpy(found.images).float()[:, None] / 16 * 255
    large = torch.nn.functional.interpolate(pictures, 28, mode="bilinear")[:, 0].round().byte()
    labels = torch.from_numpy(found.target).byte()
    halves = {"train": slice(0, None, 2), "test": slice(1, None, 2)}
    return {
        f"{split}_{name}": part[half].contiguous()
        for split, half in halves.items()
        for name, part in (("images", large), ("labels", labels))
    }


def write_digits(data_dir):
    """Prepare them under a data folder."""
    from safetensors.torch import save

    folder, names = data_dir / "digits", [str(i) for i in range(10)]
    folder.mkdir(parents=True)
    write_atomically(folder / images.FILE, save(scikit_digits()))
    write_json(folder / "source.json", {"source": "scikit-learn", "classes": {"en": names, "zh": names}})
