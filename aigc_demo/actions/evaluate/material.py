"""The data that are measured on: held-out pictures with classes or captions, and those that training shows."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aigc_demo.actions.evaluate.work import evenly
from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.data import catalogue
from aigc_demo.data.folders import open_folder
from aigc_demo.metrics.least import LEAST
from aigc_demo.models.cards import ModelCard

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class LabelledPictures:
    """Held-out pictures (N, H, W[, 3]) uint8 with classes (N,), and the names of the classes."""

    pictures: np.ndarray
    labels: np.ndarray
    classes: dict[str, list[str]]

    def tensors(self, part: slice) -> "Tensor":
        """Some of them as networks see them, (n, C, H, W) in [-1, 1]."""
        return tensors(self.pictures[part])


def tensors(pictures: np.ndarray) -> "Tensor":
    """Pictures (N, H, W[, 3]) uint8 as networks see them, (N, C, H, W) in [-1, 1]."""
    import torch

    from aigc_demo.models.pixels import to_float

    return to_float(torch.from_numpy(np.ascontiguousarray(pictures)))


def data_folder(name: str, card: ModelCard, settings: Settings) -> Path:
    """The prepared data of that name, else what the model was trained on; an InputError that says how to get them."""
    wanted = name or card.data
    entry = catalogue().get(wanted)
    if entry and entry.needs_network and not entry.here(settings.data_dir):
        raise InputError(
            en=f"The evaluation needs the data {wanted}; fetch it: python -m aigc_demo data get {wanted}",
            zh=f"评测需要数据集 {wanted}；请先获取：python -m aigc_demo data get {wanted}",
        )
    return open_folder(
        wanted,
        settings.data_dir,
        settings.offline,
        settings.rules.folder_paths,
        own_dir=settings.own_data_dir,
    )


def labelled(folder: Path, count: int, train: bool = False) -> LabelledPictures:
    """At most `count` held-out pictures, or training pictures, evenly taken; an InputError where there are too few."""
    from aigc_demo.data import images

    arrays = images.load(folder)
    split = "train" if train else "test"
    pictures, labels = arrays[f"{split}_images"].numpy(), arrays[f"{split}_labels"].numpy().astype(np.int64)
    if len(labels) < LEAST:
        raise InputError(
            en=f"{folder.name} holds {len(labels)} pictures back from training, and {LEAST} are needed; choose larger data.",
            zh=f"{folder.name} 只留出了 {len(labels)} 张图片，至少需要 {LEAST} 张；请选择更大的数据集。",
        )
    chosen = np.array(evenly(range(len(labels)), count))
    return LabelledPictures(pictures[chosen], labels[chosen], arrays["classes"])
