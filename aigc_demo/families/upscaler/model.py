"""A super-resolution network as the app uses it: a picture goes in tile by tile and comes out in more pixels."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.core.stopping import Stop
from aigc_demo.families.upscaler.networks import CompactUpscaler, UpscalerConfig
from aigc_demo.models.checkpoints import load_strictly, read_config, read_weights

# pixels: a second of work on one core, so that a stop is heard; and what little memory holds
TILE, SMALL_TILE = (160, 64)


class Upscaler:
    """The network of one model folder, in float32 on `device`; small tiles where memory is scarce."""

    def __init__(self, folder: Path, device: str, sliced: bool = False) -> None:
        config, tensors = read_config(folder), read_weights(folder)
        try:
            sizes = UpscalerConfig(**config["network"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                en=f"{folder.name}: config.json does not describe an upscaler ({error}); copy the model folder again.",
                zh=f"{folder.name}：config.json 描述的不是放大模型（{error}）；请重新复制模型文件夹。",
            ) from error
        self.scale, self.device, self.tile = sizes.scale, device, SMALL_TILE if sliced else TILE
        self.network = CompactUpscaler(sizes).eval()
        load_strictly(self.network, tensors)
        self.network.requires_grad_(False).to(device, memory_format=torch.channels_last)

    @torch.inference_mode()
    def enlarge(self, picture: np.ndarray, stop: Stop) -> np.ndarray:
        """A picture (H, W, 3) uint8 as (s H, s W, 3) uint8; raises Stopped between two tiles where `stop()` is true.

        Each tile is read with a margin as wide as the network's reach and loses it again, so that the result is
        that of the whole picture at once, to rounding.
        """
        height, width, _ = picture.shape
        result = np.empty((height * self.scale, width * self.scale, 3), np.uint8)
        source = torch.from_numpy(picture.copy()).movedim(2, 0)[None]
        for top, left in self._corners(height, width):
            if stop():
                raise Stopped
            tile = self._tile(source, top, left)
            y, x = top * self.scale, left * self.scale
            result[y : y + len(tile), x : x + tile.shape[1]] = tile.numpy()
        return result

    def _corners(self, height: int, width: int) -> Iterator[tuple[int, int]]:
        for top in range(0, height, self.tile):
            for left in range(0, width, self.tile):
                yield top, left

    def _tile(self, source: Tensor, top: int, left: int) -> Tensor:
        """The enlarged tile (H, W, 3) uint8, on the CPU, whose first pixel is `source`'s at (top, left)."""
        margin, scale = self.network.reach, self.scale
        above, before = min(top, margin), min(left, margin)
        rows = slice(top - above, top + self.tile + margin)
        columns = slice(left - before, left + self.tile + margin)
        pixels = source[:, :, rows, columns].to(self.device).float() / 255
        enlarged = self.network(pixels.to(memory_format=torch.channels_last))[0]
        inner = enlarged[:, above * scale :, before * scale :][:, : self.tile * scale, : self.tile * scale]
        return (inner * 255).round().clamp(0, 255).byte().movedim(0, 2).cpu()
