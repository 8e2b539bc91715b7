"""Many pictures on one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from aigc_demo.core.errors import InputError
from aigc_demo.media.pixels import font_for, to_picture

CAPTION, CAPTION_ROW = 12, 19  # pixels: of the letters, and with the room that accents and descenders take
PAPER, INK = (255, 255, 255), (60, 60, 60)


def contact_sheet(
    images: Sequence[Any], columns: int, gap: int = 2, scale: int = 1, captions: Sequence[str] | None = None
) -> Image.Image:
    """The pictures in rows of `columns`, on white, each enlarged `scale` times, `gap` pixels apart.

    A caption under each picture is cut to the picture's width. Pictures of one size; mode L if all are grey.
    """
    if len(images) == 0:
        raise InputError(
            en="There is no picture to show; make one first.", zh="没有可显示的图片；请先生成一张。"
        )
    pictures = [to_picture(image, scale) for image in images]
    columns = max(1, min(columns, len(pictures)))
    rows = -(-len(pictures) // columns)
    width, height = pictures[0].size
    step_x, step_y = width + gap, height + gap + (CAPTION_ROW if captions else 0)
    mode = "L" if all(picture.mode == "L" for picture in pictures) else "RGB"
    paper, ink = (PAPER[0], INK[0]) if mode == "L" else (PAPER, INK)
    sheet = Image.new(mode, (columns * step_x - gap, rows * step_y - gap), paper)
    draw = ImageDraw.Draw(sheet)
    for index, picture in enumerate(pictures):
        x, y = index % columns * step_x, index // columns * step_y
        sheet.paste(picture, (x, y))
        if captions:
            font = font_for(captions[index], CAPTION)
            text = _cut(captions[index], font, width)
            draw.text((x + width / 2, y + height + 2), text, fill=ink, font=font, anchor="ma")
    return sheet


def strip(frames: Sequence[Any], count: int = 12, gap: int = 2, scale: int = 1) -> Image.Image:
    """A film at a glance: `count` of its frames in one row, evenly spaced, first and last among them."""
    places = np.unique(np.linspace(0, len(frames) - 1, min(count, len(frames))).round().astype(int))
    chosen = [frames[place] for place in places]
    return contact_sheet(chosen, columns=max(1, len(chosen)), gap=gap, scale=scale)


def _cut(text: str, font: Any, width: int) -> str:
    while text and font.getlength(text) > width:
        text = text[:-1]
    return text
