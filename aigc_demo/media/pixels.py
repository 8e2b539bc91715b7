"""Pictures as uint8 arrays, whatever they come as; enlarging; fonts."""

from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageFont

from aigc_demo.core.errors import InputError
from aigc_demo.media.colours import is_deep, of_deep

# Pillow looks these names up in the system's own font folders
CJK_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansSC-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "wqy-microhei.ttc",
    "msyh.ttc",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
)


def to_uint8(image: Any) -> np.ndarray:
    """A picture as an array of uint8, (H, W) where it is grey and (H, W, 3) in colour.

    Takes a PIL picture (transparent parts on white), an array or tensor of uint8, (H, W) or (H, W, 1 or 3), or
    floating values x in [-1, 1] (a network's output: a tensor (H, W) or (1 or 3, H, W) on any device, or
    an array), which become round(255 (x + 1) / 2), clipped. InputError where values are not finite.
    """
    if isinstance(image, Image.Image):
        return np.asarray(flatten(image))
    if hasattr(image, "detach"):  # a torch tensor, without importing torch
        floating = image.is_floating_point()
        image = image.detach().cpu().float().numpy() if floating else image.cpu().numpy()
        image = np.moveaxis(image, 0, -1) if image.ndim == 3 and floating else image
    array = np.asarray(image)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] != 3) or array.size == 0:
        raise ValueError(f"a picture is (H, W) or (H, W, 3) and not empty; this array is {array.shape}")
    if array.dtype == np.uint8:
        return array
    if not np.isfinite(array).all():
        raise InputError(
            en="The model gave values that are not finite; its training diverged, choose another checkpoint.",
            zh="模型输出了非有限值；它的训练已发散，请选择其他检查点。",
        )
    return np.clip(np.rint((array + 1) * 127.5), 0, 255).astype(np.uint8)


def to_picture(image: Any, scale: int = 1) -> Image.Image:
    """The same as a PIL picture of mode L or RGB, enlarged `scale` times by repeating pixels."""
    picture = Image.fromarray(to_uint8(image))
    if scale == 1:
        return picture
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)


def flatten(picture: Image.Image, background: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    """The picture in mode L or RGB, without metadata; transparent parts show `background`."""
    if is_deep(picture):  # convert("L") would clip it to white
        picture, _ = of_deep(picture, "")
    if picture.has_transparency_data:
        colour = picture.convert("RGBA")
        paper = Image.new("RGBA", colour.size, (*background, 255))
        return Image.alpha_composite(paper, colour).convert("RGB")
    flat = picture.convert("L" if picture.mode in ("1", "L") else "RGB")
    flat.info = {}
    return flat


def font_for(text: str, size: float) -> ImageFont.FreeTypeFont:
    """A font of `size` pixels that can write `text`: Pillow's own for Latin, the system's for Chinese."""
    name = None if text.isascii() else _cjk_font_name()
    return ImageFont.truetype(name, size) if name else ImageFont.load_default(size)


@cache
def _cjk_font_name() -> str | None:
    for name in CJK_FONTS:
        try:
            ImageFont.truetype(name, 12)
        except OSError:
            continue
        return name
    return None
