"""What a decoded picture's numbers mean: deep levels brought to 8 bits, colours of any profile brought to sRGB."""

import io
import sys
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from aigc_demo.core.words import NO_TEXT, Text

DEPTHS = (8, 10, 12, 14, 16)  # bits that cameras and scanners give; all but the first come in files of 16
MAX_PROFILE = 4 << 20  # bytes; a printer's tables take about half a megabyte
MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "LAB": "LAB"}  # ICC.1:2022, table 19: Pillow's
SHALLOW = 64  # of the high byte: below it, a file of 16 bits has 14 at most
# the same samples, read from the other end: what Pillow drops of 16 bits of colour
OTHER_END = {"16B": "16L", "16L": "16B", "16N": "16B" if sys.byteorder == "little" else "16L"}

STRETCHED = Text(
    "{name} fills only {bits} bits of its file's depth; its tones were stretched to all that can be shown.",
    "{name} 只用了文件位深中的 {bits} 位；已将色调拉伸到可显示的全部范围。",
)
SPREAD = Text(
    "{name} has levels from {low:g} to {high:g}; they were stretched to all that can be shown.",
    "{name} 的数值从 {low:g} 到 {high:g}；已拉伸到可显示的全部范围。",
)
UNREAD_PROFILE = Text(
    "{name} has a colour profile that cannot be used; its colours were taken as sRGB.",
    "{name} 的色彩配置文件无法使用；其颜色按 sRGB 处理。",
)


def is_deep(picture: Image.Image) -> bool:
    """Whether a picture's levels are wider than a byte."""
    return picture.mode.startswith(("I", "F"))


def of_deep(picture: Image.Image, name: str) -> tuple[Image.Image, Text]:
    """A grey picture of any depth as one of mode L, and what was done to its levels, if anything.

    From 0 to the top of the least depth that holds them; levels below 0 or above 16 bits from the darkest to the brightest.
    """
    levels = np.nan_to_num(np.asarray(picture, dtype=np.float64), posinf=0, neginf=0)
    low, high = float(levels.min()), float(levels.max())
    if low < 0 or high >= 1 << DEPTHS[-1]:
        span, said = (low, high), SPREAD.format(name=name, low=low, high=high)
    elif high <= 1:  # a share of white, or a mask
        span, said = (0.0, 1.0), NO_TEXT
    else:
        bits = _least_depth(high)
        span = (0.0, float((1 << bits) - 1))
        whole = bits == DEPTHS[-1] or (bits == DEPTHS[0] and picture.mode == "F")
        said = NO_TEXT if whole else STRETCHED.format(name=name, bits=bits)
    flat = Image.fromarray(_spread(levels, *span))
    flat.info = dict(picture.info)
    return flat, said


def _least_depth(high: float) -> int:
    return next(depth for depth in DEPTHS if high < 1 << depth)


def _spread(levels: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.rint((levels - low) * (255 / max(high - low, 1e-12))).clip(0, 255).astype(np.uint8)


def dropped_bytes(picture: Image.Image) -> str:
    """How to read, of a colour picture of 16 bits that is not decoded yet, the bytes that Pillow drops; "" for all others."""
    tile = picture.tile[0] if getattr(picture, "tile", None) else None
    raw = tile and (tile.args if isinstance(tile.args, str) else tile.args[0])
    kind, _, end = str(raw).partition(";")
    return f"{kind};{OTHER_END[end]}" if kind in ("RGB", "RGBA") and end in OTHER_END else ""


def read_dropped(picture: Image.Image, mode: str) -> None:
    """Have a picture that is not decoded yet give those bytes."""
    picture.tile = [part._replace(args=_with_first(part.args, mode)) for part in picture.tile]


def _with_first(args: Any, value: str) -> Any:
    return value if isinstance(args, str) else (value, *args[1:])


def is_dark(picture: Image.Image) -> bool:
    """Whether no colour reaches a quarter of white, as where 14 bits or fewer lie in 16."""
    colours = picture.getextrema()[:3]
    return max(high for _, high in colours) < SHALLOW


def with_low_bytes(picture: Image.Image, low: Image.Image, name: str) -> tuple[Image.Image, Text]:
    """A dark colour picture of 16 bits, stretched as grey ones are; alpha keeps its own depth."""
    levels = (np.asarray(picture).astype(np.int64) << 8) + np.asarray(low)
    bits = _least_depth(int(levels[..., :3].max()))
    colours = [Image.fromarray(_spread(levels[..., i], 0, (1 << bits) - 1)) for i in range(3)]
    alpha = [picture.getchannel("A")] if picture.mode == "RGBA" else []
    stretched = Image.merge(picture.mode, [*colours, *alpha])
    stretched.info = dict(picture.info)
    return stretched, STRETCHED.format(name=name, bits=bits)


def to_srgb(picture: Image.Image, name: str) -> tuple[Image.Image, Text]:
    """The picture in mode L, RGB or RGBA and in sRGB, by its embedded profile, and what could not be done, if anything.

    Without a profile its numbers are taken as sRGB, and those of CMYK as ideal inks.
    """
    data = picture.info.get("icc_profile")
    if picture.mode == "LAB":
        return _converted(picture, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))), NO_TEXT
    said = NO_TEXT
    if data:
        try:
            if len(data) > MAX_PROFILE:
                raise ImageCms.PyCMSError("too long")
            return _by_profile(picture, ImageCms.ImageCmsProfile(io.BytesIO(data))), NO_TEXT
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            said = UNREAD_PROFILE.format(name=name)
    return _plain(picture), said


def _by_profile(picture: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    """ValueError where the profile is of another kind of colours than the picture."""
    mode = MODES.get(profile.profile.xcolor_space.strip().upper(), "")
    base = picture if picture.mode in ("CMYK", "LAB") else _plain(picture)
    colour = base.convert("RGB") if mode == "RGB" and base.mode in ("L", "RGBA") else base
    if mode == "L" and base.mode in ("RGB", "RGBA") and picture.mode in ("LA", "P", "PA"):
        colour = base.convert("L")
    if colour.mode != mode:
        raise ValueError(f"a profile for {mode} on {picture.mode}")
    converted = _converted(colour, profile)
    if base.mode == "L":
        return converted.convert("L")
    if base.mode == "RGBA":
        converted.putalpha(base.getchannel("A"))
    return converted


def _converted(picture: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    """The same colours, RGB; what sRGB cannot show is clipped, black stays black."""
    return ImageCms.profileToProfile(
        picture,
        profile,
        ImageCms.createProfile("sRGB"),
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        "RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _plain(picture: Image.Image) -> Image.Image:
    """Mode L, RGB or RGBA, by the numbers alone."""
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    return picture.convert("L" if picture.mode in ("1", "L") else "RGB")
