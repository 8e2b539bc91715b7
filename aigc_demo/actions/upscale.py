"""Have a model make a picture larger."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aigc_demo import media
from aigc_demo.core.errors import InputError
from aigc_demo.core.stopping import Stop, never
from aigc_demo.core.words import NO_TEXT, Text, plain
from aigc_demo.models.cards import ModelCard
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.zero_gpu import on_gpu
from aigc_demo.schemas import UpscaleRequest

MAX_PIXELS = 1 << 20  # four times as wide and high, the result can still be opened here


@dataclass(frozen=True)
class UpscaleResult:
    """A picture before (H, W, 3) and after (scale H, scale W, 3), uint8; `note`: what was done to it as it was opened."""

    request: UpscaleRequest
    card: ModelCard
    before: np.ndarray
    after: np.ndarray
    scale: int
    note: Text = NO_TEXT

    def facts(self) -> dict[str, Any]:
        """What a program is told beside the files."""
        size = [self.after.shape[1], self.after.shape[0]]
        return {"scale": self.scale, "size": size, "note": plain(self.note)}


@on_gpu()
def upscale(request: UpscaleRequest, cache: ModelCache, stop: Stop = never) -> UpscaleResult:
    """The picture in more pixels: grey becomes colour, transparent parts show white."""
    card = registry.find_card(request.model, cache.settings, "upscale")
    upload = media.read_upload(Path(request.image))
    before = np.asarray(upload.picture.convert("RGB"))
    height, width, _ = before.shape
    if height * width > MAX_PIXELS:
        raise InputError(
            en=f"The picture is {width} x {height}; scale it down to one megapixel at most, 1024 x 1024 for a square.",
            zh=f"图片大小为 {width} x {height}；请先缩小到至多 100 万像素，正方形即 1024 x 1024。",
        )
    after = cache.run(card, lambda model: model.enlarge(before, stop), stop)
    return UpscaleResult(request, card, before, after, after.shape[0] // height, upload.note)
