"""The label that people see: "AI 生成" in words on the picture.

GB 45438-2025 asks of a picture that the words stand at an edge or a corner, that they name AI and generation, and
that they are at least 5 % of the short side high. A picture wide enough has them on a plate in its lower right
corner. A smaller one is enlarged by whole pixels until the words can be read and gets them on a band beneath, so
that nothing of it is covered.

The two Chinese characters are drawn from strokes, so that no font of the machine is needed.
"""

import math
from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from aigc_demo.media.pixels import to_picture

SHARE = 0.05  # of the short side: least height of the words
LEAST = 12  # pixels: lower characters are no longer read
CORNER = 256  # pixels of the short side from which the corner can spare the plate
NARROWEST = 64  # pixels: what the Chinese words need at the least height
ENGLISH = "AI-generated"
PAPER, INK = 20, 245
FINE = 4  # strokes are drawn this many times larger and scaled down, which makes their edges smooth
WEIGHT = 0.085  # of the height: thickness of a stroke

Stroke = tuple[tuple[float, float], ...]
CHARACTERS: dict[str, tuple[Stroke, ...]] = {  # strokes in writing order, in a square of side 1
    "生": (
        ((0.27, 0.06), (0.20, 0.25), (0.09, 0.41)),
        ((0.20, 0.27), (0.88, 0.27)),
        ((0.18, 0.57), (0.84, 0.57)),
        ((0.51, 0.04), (0.51, 0.91)),
        ((0.05, 0.91), (0.95, 0.91)),
    ),
    "成": (
        ((0.16, 0.25), (0.93, 0.25)),
        ((0.16, 0.25), (0.15, 0.60), (0.05, 0.95)),
        ((0.16, 0.50), (0.43, 0.50), (0.41, 0.78), (0.28, 0.75)),
        ((0.54, 0.05), (0.58, 0.42), (0.70, 0.74), (0.89, 0.93), (0.94, 0.72)),
        ((0.72, 0.06), (0.85, 0.16)),
        ((0.86, 0.38), (0.72, 0.66), (0.46, 0.92)),
    ),
}


def stamp(image: Any) -> Image.Image:
    """The picture with the label in words: in its corner from CORNER pixels on, else on a band beneath."""
    picture = to_picture(image)
    if min(picture.size) >= CORNER:
        return _in_corner(picture)
    if picture.width < NARROWEST:
        picture = to_picture(picture, -(-NARROWEST // picture.width))
    return _on_band(picture)


def height_for(picture: Image.Image) -> int:
    """How high the words on a picture are, in pixels."""
    return max(LEAST, math.ceil(min(picture.size) * SHARE))


def plate_for(picture: Image.Image) -> Image.Image:
    """The words on a dark plate, as wide as they need: in both languages where these fit, else in Chinese."""
    height = height_for(picture)
    margin = height // 3
    words = _words(height, True)
    if words.width + 2 * margin > picture.width:
        words = _words(height, False)
    plate = Image.new("L", (words.width + 2 * margin, words.height + margin), PAPER)
    plate.paste(INK, (margin, margin), words)
    return plate


def _in_corner(picture: Image.Image) -> Image.Image:
    plate = plate_for(picture)
    stamped = picture.copy()
    stamped.paste(plate.convert(picture.mode), (picture.width - plate.width, picture.height - plate.height))
    return stamped


def _on_band(picture: Image.Image) -> Image.Image:
    plate = plate_for(picture)
    stamped = Image.new(
        picture.mode, (picture.width, picture.height + plate.height), (PAPER,) * len(picture.getbands())
    )
    stamped.paste(picture)
    stamped.paste(plate.convert(picture.mode), ((picture.width - plate.width) // 2, picture.height))
    return stamped


@cache
def _words(height: int, both: bool) -> Image.Image:
    """ "AI生成", with "AI-generated" behind it where `both`: a mask (mode L) of this height."""
    latin = _latin("AI", height)
    parts = [latin, *(_character(name, height) for name in CHARACTERS)]
    if both:
        parts.append(_latin(ENGLISH, height))
    gap = max(1, height // 8)
    width = sum(part.width for part in parts) + gap * (len(parts) - 1) + (3 * gap if both else 0)
    mask = Image.new("L", (width, height + height // 4))  # room for the tail of the g
    x = 0
    for place, part in enumerate(parts):
        x += 3 * gap if place == 3 else 0
        mask.paste(part, (x, 0))
        x += part.width + gap
    return mask


def _latin(text: str, height: int) -> Image.Image:
    """Text in Pillow's own font, its capitals about as high as the characters beside them."""
    font = ImageFont.load_default(height)
    left, _, right, _ = font.getbbox(text)
    mask = Image.new("L", (round(right - left), height + height // 4))
    ImageDraw.Draw(mask).text((-left, height * 0.92), text, fill=255, font=font, anchor="ls")
    return mask


def _character(name: str, height: int) -> Image.Image:
    side = height * FINE
    large = Image.new("L", (side, side))
    draw = ImageDraw.Draw(large)
    width = max(1, round(WEIGHT * side))
    for stroke in CHARACTERS[name]:
        points = [(x * side, y * side) for x, y in np.array(stroke) * (1 - WEIGHT) + WEIGHT / 2]
        draw.line(points, fill=255, width=width, joint="curve")
    return large.resize((height, height), Image.Resampling.LANCZOS)
