"""Pictures with a transparent ground, as games want them: the plain colour around what is shown is taken away."""

from pathlib import Path

import numpy as np
from PIL import Image

from aigc_demo.media.files import encode, write_marked
from aigc_demo.media.pixels import to_picture
from aigc_demo.media.visible import stamp
from aigc_demo.provenance import Recipe
from aigc_demo.provenance.marking import PLAIN, Marking
from aigc_demo.provenance.schema import Provenance
from aigc_demo.provenance.watermark.image import embed

NEAR = 30  # of 255 in each channel: how far a drawn ground strays from its own colour


def shown_part(picture: np.ndarray) -> np.ndarray:
    """Where something is shown in a picture (H, W, 3) uint8: a mask (H, W) of bool, False on the ground.

    The ground is what can be reached from the edge through pixels near the colour that most of the edge has, from one
    pixel to the next beside, above or below it: such a colour inside of what is shown stays.
    """
    edge = np.concatenate([picture[0], picture[-1], picture[1:-1, 0], picture[1:-1, -1]])
    ground = np.median(edge, axis=0)
    near = (np.abs(picture - ground) <= NEAR).all(axis=2)
    reached = np.zeros_like(near)
    reached[[0, -1]], reached[:, [0, -1]] = near[[0, -1]], near[:, [0, -1]]
    while True:
        grown = reached.copy()
        grown[1:] |= reached[:-1]
        grown[:-1] |= reached[1:]
        grown[:, 1:] |= reached[:, :-1]
        grown[:, :-1] |= reached[:, 1:]
        grown &= near
        if (grown == reached).all():
            return ~reached
        reached = grown


def save_cutout(
    picture: np.ndarray, path: Path, recipe: Recipe, scale: int = 1, marking: Marking = PLAIN
) -> Path:
    """Write a picture (H, W, 3) uint8 without its ground as .png or .webp, its pixels repeated `scale` times.

    The words of a visible label are never transparent.
    """
    plain = to_picture(picture, scale)
    opaque = np.asarray(to_picture(shown_part(picture).astype(np.uint8) * 255, scale))
    if marking.visible:
        marked = stamp(plain)
        factor = marked.width // plain.width
        opaque = np.repeat(np.repeat(opaque, factor, 0), factor, 1)
        before = np.asarray(to_picture(plain, factor))
        after = np.asarray(marked)
        whole = np.full(after.shape[:2], 255, np.uint8)
        same = (after[: before.shape[0]] == before).all(axis=2)
        whole[: before.shape[0]] = np.where(same, opaque, 255)
        plain, opaque = marked, whole
    if marking.image_key:
        plain = Image.fromarray(embed(np.asarray(plain), marking.image_key))
    sprite = plain.convert("RGB")
    sprite.putalpha(Image.fromarray(opaque))
    return write_marked(path, encode(sprite, path.suffix.lower(), Provenance.new(recipe)), marking)
