r"""Layers put on each other: $x \leftarrow (1 - \alpha_s)\,x + \alpha_s\,c_s$ for every slot s from the back to the front.

Prepared is one file, layers.safetensors: `layers` uint8 (L, 32, 32, 4), RGBA, in the order of the table's files, whose
names stand in its metadata.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from aigc_demo.core.disk import write_atomically
from aigc_demo.core.errors import InputError

FILE = "layers.safetensors"
SIDE = 32
GROUND = (41, 43, 51)
ROOT = "rltiles/player"


def prepare_layers(source: Path, out: Path, names: Sequence[str], below: str = ROOT) -> str:
    """Write the layers of these names, in the folder `below` under `source`, to `out`; the sha256 of names and pixels."""
    root = next((path for path in sorted(source.rglob(below)) if path.is_dir()), None)
    if root is None:
        raise InputError(
            en=f"{source.name} holds no folder {below}; give the unpacked source package crawl 0.28.0.",
            zh=f"{source.name} 中没有文件夹 {below}；请指定解压后的源码包 crawl 0.28.0。",
        )
    layers = torch.stack([read_tile(root / f"{name}.png") for name in names])
    digest = hashlib.sha256(json.dumps(list(names)).encode() + layers.numpy().tobytes()).hexdigest()
    write_atomically(out / FILE, save({"layers": layers}, {"names": json.dumps(list(names))}))
    return digest


def read_tile(path: Path) -> Tensor:
    """A picture of 32 x 32 as uint8 (32, 32, 4), RGBA; an InputError where there is none of this size."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(path) as opened:
            pixels = np.array(opened.convert("RGBA"))
    except (OSError, ValueError) as error:
        raise _no_tile(path) from error
    if pixels.shape != (SIDE, SIDE, 4):
        raise _no_tile(path)
    return torch.from_numpy(pixels)


def _no_tile(path: Path) -> InputError:
    return InputError(
        en=f"{path.name} is not here as a picture of {SIDE} x {SIDE}; give the source package crawl 0.28.0, no other version.",
        zh=f"没有 {SIDE} x {SIDE} 的图片 {path.name}；请使用源码包 crawl 0.28.0，而非其他版本。",
    )


def load_layers(folder: Path, names: Sequence[str]) -> Tensor:
    """The layers of these names in a prepared folder, uint8 (L, 32, 32, 4); an InputError where they are not all there."""
    try:
        with safe_open(folder / FILE, "pt") as file:
            held = json.loads(file.metadata()["names"])
            pixels = file.get_tensor("layers")
    except OSError as error:
        raise _other_layers(folder) from error
    places = {name: place for place, name in enumerate(held)}
    if any(name not in places for name in names):
        raise _other_layers(folder)
    return pixels[[places[name] for name in names]]


class Layers:
    """Layers ready to be put on each other; number 0 is an empty one, the others follow in the order of `names`."""

    def __init__(self, pixels: Tensor) -> None:
        rgba = (
            torch.cat([torch.zeros(1, SIDE, SIDE, 4, dtype=torch.uint8), pixels]).permute(0, 3, 1, 2).float()
        )
        alpha = rgba[:, 3:] / 255
        self.colours = rgba[:, :3] * alpha  # (L + 1, 3, 32, 32), already times alpha
        self.through = 1 - alpha  # (L + 1, 1, 32, 32), what is seen through a layer
        self.covers = (alpha > 0.5).flatten(1)  # (L + 1, 1024) bool
        self.sizes = self.covers.sum(1).clamp(min=1)  # pixels

    @classmethod
    def load(cls, folder: Path, names: Sequence[str]) -> "Layers":
        """The layers of a prepared folder; an InputError where it is of another version's table."""
        return cls(load_layers(folder, names))

    def compose(self, numbers: Tensor) -> Tensor:
        """Layers (N, slots) by number, the hindmost first, on the ground: uint8 (N, 3, 32, 32)."""
        ground = torch.tensor(GROUND, dtype=torch.float32).view(1, 3, 1, 1)
        pictures = ground.expand(len(numbers), 3, SIDE, SIDE).clone()
        for slot in numbers.T:
            rows = slot.nonzero()[:, 0]  # most slots of most heroes are empty
            layers = slot[rows]
            pictures[rows] = pictures[rows].mul_(self.through[layers]).add_(self.colours[layers])
        return pictures.round_().to(torch.uint8)

    def seen(self, numbers: Tensor, least: int, always: int) -> tuple[Tensor, Tensor]:
        """Layers (N, slots) without those that hide behind others, and how many pixels show of each (N, slots).

        A layer hides when fewer than `least` of its pixels show, and fewer than half. From the front to the back, so
        that what is taken away hides nothing; that of slot `always` stays.
        """
        numbers = numbers.clone()
        covered = torch.zeros(len(numbers), SIDE * SIDE, dtype=torch.bool)
        shown = torch.zeros(numbers.shape, dtype=torch.long)
        for i in reversed(range(numbers.shape[1])):
            rows = numbers[:, i].nonzero()[:, 0]
            own, before = self.covers[numbers[rows, i]], covered[rows]
            count = _count(own & ~before)
            stays = (count >= (self.sizes[numbers[rows, i]] // 2).clamp(max=least)) | (i == always)
            shown[rows, i] = count
            numbers[rows[~stays], i] = 0
            covered[rows[stays]] = (own | before)[stays]
        return numbers, shown


def _count(mask: Tensor) -> Tensor:
    """How many of each row of (N, 1024) bool are set: eight bytes are added at a time, and no byte counts beyond 128."""
    return mask.view(torch.int64).sum(1).view(torch.uint8).view(-1, 8).sum(1)


def _other_layers(folder: Path) -> InputError:
    return InputError(
        en=f"The layers in {folder.name} are those of another version; delete the folder and get the data again.",
        zh=f"{folder.name} 中的图层属于其他版本；请删除该文件夹并重新获取数据。",
    )
