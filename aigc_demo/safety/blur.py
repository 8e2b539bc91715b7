"""Pictures that are not shown: so coarse that nothing can be made out, with a warning sign and words on them."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

CELLS = 5  # colours a side that are left of a picture: of 512 pixels each is the mean of a hundred a side
AMBER, INK = (255, 193, 7), (33, 33, 33)
WORDS = "Blurred by the content filter"
LEAST = 9  # pixels: lower letters are not read


def veiled(pictures: np.ndarray) -> np.ndarray:
    """Pictures (N, H, W[, 3]) uint8 as a few soft colours."""
    return np.stack([_coarse(picture) for picture in pictures])


def cautioned(picture: np.ndarray) -> np.ndarray:
    """A picture (H, W[, 3]) uint8 as a few soft colours under a warning sign, with words where they can be read."""
    image = Image.fromarray(_coarse(picture))
    canvas = image.convert("RGB")
    draw = ImageDraw.Draw(canvas)
    side, (x, y) = min(canvas.size) / 3, (canvas.width / 2, canvas.height * 0.42)
    corners = [(x, y - side * 0.55), (x + side * 0.6, y + side * 0.45), (x - side * 0.6, y + side * 0.45)]
    draw.polygon(corners, fill=AMBER, outline=INK)
    draw.rectangle(_box(x, y - side * 0.02, side * 0.08, side * 0.36), fill=INK)
    draw.rectangle(_box(x, y + side * 0.29, side * 0.08, side * 0.08), fill=INK)
    size = canvas.width / 18
    if size >= LEAST:
        font = ImageFont.load_default(size)
        place = (x, canvas.height * 0.72)
        box = draw.textbbox(place, WORDS, font=font, anchor="ma")
        draw.rectangle((box[0] - size / 2, box[1] - size / 3, box[2] + size / 2, box[3] + size / 3), fill=INK)
        draw.text(place, WORDS, fill=(255, 255, 255), font=font, anchor="ma")
    return np.asarray(canvas.convert(image.mode))


def _coarse(picture: np.ndarray) -> np.ndarray:
    image = Image.fromarray(picture)
    cells = min(CELLS, *image.size), min(CELLS, *image.size)
    return np.asarray(image.resize(cells, Image.Resampling.BOX).resize(image.size, Image.Resampling.BICUBIC))


def _box(x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2
