"""Pictures that visitors bring: opened with limits, then made like the data that a model was trained on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import NO_TEXT, Text, joined
from aigc_demo.media import colours
from aigc_demo.media.kinds import RAW, formats, not_read
from aigc_demo.media.pixels import flatten, to_uint8

MAX_BYTES = 64 << 20
MAX_PIXELS = 25_000_000
WORKING_SIDE = 1024  # pixels; more detail than that never reaches a 28 x 28 picture


@dataclass(frozen=True)
class Upload:
    """An opened picture, in mode L or RGB and in sRGB, and what was done to it that its owner should know of."""

    picture: Image.Image
    note: Text = NO_TEXT


def open_picture(
    path: str | Path | None, background: tuple[int, int, int] = (255, 255, 255), name: str = ""
) -> Image.Image:
    """The picture of `read_upload` alone."""
    return read_upload(path, background, name).picture


def read_upload(
    path: str | Path | None, background: tuple[int, int, int] = (255, 255, 255), name: str = ""
) -> Upload:
    """The one door for uploaded pictures: the first frame, upright, in mode L or RGB, in sRGB, without metadata.

    What media/kinds.py names, by content, at most 25 megapixels, which is checked before anything is decoded;
    transparent parts show `background`. InputError for every other file, which calls it `name`.
    """
    if not path:
        raise InputError(en="There is no picture yet; choose one.", zh="还没有图片；请选择一张。")
    path = Path(path)
    name = name or path.name
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _too_large(name)
        if name.lower().endswith(RAW):
            raise not_read(name, b"")
        with Image.open(path, formats=formats()) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise _too_large(name)
            shallow, stretched = _eight_bits(picture, path, name)
            upright = ImageOps.exif_transpose(shallow)
            plain, unread = colours.to_srgb(upright, name)
            return Upload(flatten(plain, background), joined([stretched, unread]))
    except InputError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(name) from error
    except UnidentifiedImageError as error:
        raise not_read(name, _head(path)) from error
    except Exception as error:  # Pillow's decoders raise a dozen types on broken files
        raise InputError(
            en=f"{name} is damaged or incomplete; save or download it again.",
            zh=f"{name} 已损坏或不完整；请重新保存或下载。",
        ) from error


def _eight_bits(picture: Image.Image, path: Path, name: str) -> tuple[Image.Image, Text]:
    """The picture with a byte a level, and what was done to those that were deeper."""
    if colours.is_deep(picture):
        return colours.of_deep(picture, name)
    dropped = colours.dropped_bytes(picture)
    if not dropped or not colours.is_dark(picture):
        return picture, NO_TEXT
    with Image.open(path, formats=formats()) as low:
        colours.read_dropped(low, dropped)
        return colours.with_low_bytes(picture, low, name)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(256)


def _too_large(name: str) -> InputError:
    megapixels = MAX_PIXELS // 1_000_000
    return InputError(
        en=f"{name} is too large; scale it down to {megapixels} megapixels and {MAX_BYTES >> 20} MB at most.",
        zh=f"{name} 过大；请先缩小到至多 {megapixels * 100} 万像素、{MAX_BYTES >> 20} MB。",
    )


def fit_square(
    picture: Any, side: int = 28, invert: bool | Literal["auto"] = "auto", centre_mass: bool = True
) -> np.ndarray:
    """A drawn, photographed or uploaded picture made like the data: (side, side) uint8, light on black.

    The paper is what the border shows; its tone, and as much above it as its grain, becomes 0. "auto"
    inverts a picture with a light border. Then, as the makers of the data did,

        centre_mass   MNIST: the ink scaled into a box of 20/28 of the side, its strongest tone white, its
                      centre of mass in the middle (LeCun, Bottou, Bengio, Haffner 1998, III A)
        otherwise     Fashion-MNIST: trimmed, the longer edge scaled to the side, centred, tones kept
                      (Xiao, Rasul, Vollgraf 2017, section 2)

    InputError for a picture of one tone.
    """
    tones, grain = _ink(_grey(picture), invert)
    mask = tones > (0.2 * tones.max() if grain else 0)  # single grains stand out from a photographed paper
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    cropped = tones[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    small = _resize(cropped, round(side * 20 / 28) if centre_mass else side)
    if centre_mass:
        small = small / small.max()
    height, width = small.shape
    # MNIST's centres of mass lie at index 14 of 0 to 27, half a pixel beyond the geometric middle
    row, column = _mass(small) if centre_mass else (height / 2, width / 2)
    top = int(np.clip(np.floor(side / 2 - row + 0.5), 0, side - height))
    left = int(np.clip(np.floor(side / 2 - column + 0.5), 0, side - width))
    square = np.zeros((side, side))
    square[top : top + height, left : left + width] = small
    return np.rint(255 * square).astype(np.uint8)


def _grey(picture: Any) -> np.ndarray:
    """Tones in [0, 255]. A transparent picture lies on white or black, whichever shows its ink better."""
    if isinstance(picture, Image.Image) and picture.has_transparency_data:
        pixels = np.asarray(picture.convert("RGBA").convert("LA"), dtype=np.float64)
        tone = (pixels[..., 0] * pixels[..., 1]).sum() / max(pixels[..., 1].sum(), 1)
        picture = flatten(picture, (0, 0, 0) if tone > 127 else (255, 255, 255))
    grey = Image.fromarray(to_uint8(picture)).convert("L")
    grey.thumbnail((WORKING_SIDE, WORKING_SIDE))
    return np.asarray(grey, dtype=np.float64)


def _ink(grey: np.ndarray, invert: bool | Literal["auto"]) -> tuple[np.ndarray, float]:
    """How far each pixel stands out from the paper, in [0, 1]; and the paper's grain, in grey levels."""
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if invert is True or (invert == "auto" and np.median(border) > 127):
        grey, border = 255 - grey, 255 - border
    paper = np.median(border)
    grain = 4 * np.median(np.abs(border - paper))  # a robust 2.7 standard deviations
    tones = np.clip(grey - paper - grain, 0, None) / max(255 - paper - grain, 1)
    if tones.max() < 0.08:
        raise InputError(
            en="The picture is empty, all of one tone; draw something or choose one with more contrast.",
            zh="图片是空的，整张只有一种色调；请画些内容，或选择对比度更高的图片。",
        )
    return tones, grain


def _resize(tones: np.ndarray, longest: int) -> np.ndarray:
    """The array with its longer edge scaled to `longest`, the other in proportion, at least 1; in [0, 1]."""
    height, width = tones.shape
    ratio = longest / max(height, width)
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    scaled = Image.fromarray(tones.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    return np.clip(np.asarray(scaled, dtype=np.float64), 0, 1)


def _mass(tones: np.ndarray) -> tuple[float, float]:
    """The centre of mass, in rows and columns."""
    rows, columns = np.indices(tones.shape)
    return (rows * tones).sum() / tones.sum(), (columns * tones).sum() / tones.sum()
