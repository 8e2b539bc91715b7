"""Layers of heroes as a test draws them: for every file of the table a block of its own colour where its slot lies."""

import hashlib

import numpy as np
from PIL import Image

from aigc_demo.data.heroes.table import table

# left, top, right, bottom of each slot's block, with those of cloak, legs, hair partly behind others as they are in the game
BLOCKS = {
    "cloak": (6, 8, 26, 30), "race": (11, 2, 21, 30), "legs": (11, 18, 21, 26), "boots": (10, 26, 22, 30),
    "body": (10, 10, 22, 20), "gloves": (8, 16, 24, 19), "hair": (11, 1, 21, 5), "beard": (14, 7, 18, 11),
    "hand1": (2, 4, 8, 26), "hand2": (24, 10, 31, 24), "head": (11, 0, 21, 5),
}  # fmt: skip


def write_layers(folder):
    """The source tree that the package unpacks to, with drawn layers."""
    for slot in table().slots:
        for attribute in slot.attributes:
            for name in attribute.layers:
                left, top, right, bottom = BLOCKS[slot.key]
                pixels = np.zeros((32, 32, 4), np.uint8)
                colour = list(hashlib.sha256(name.encode()).digest()[:3])
                pixels[top:bottom, left:right] = [*colour, 255]
                path = folder / "crawl" / "source" / "rltiles" / "player" / f"{name}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(path)
    return folder
