"""Coloured shapes on white paper, drawn by code: pictures that are there without a network, and whose truth is known.

A picture is one filled shape with a colour, a size and a place of its own, uniform and independent of each other. Its
label is the shape.
"""

import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from aigc_demo.data.images import keep

SHAPES = ("circle", "square", "triangle", "star")
COLOURS = (
    (214, 48, 49),
    (230, 126, 34),
    (241, 180, 15),
    (39, 174, 96),
    (0, 150, 160),
    (41, 98, 200),
    (128, 60, 180),
    (226, 80, 150),
)
SIDE, TRAIN, TEST = 32, 2000, 400
RADII = (0.22, 0.40)  # of the side
FINER = 4  # times as many pixels while drawing, so that edges come out smooth


def prepare(source: Path, out: Path) -> tuple[dict[str, int], str]:
    """Draw the set into `out`; its counts and sha256. `source` is not looked at."""
    arrays = {}
    for split, count, seed in (("train", TRAIN, 0), ("test", TEST, 1)):
        drawn = zip(("images", "labels"), draw(count, seed), strict=True)
        arrays |= {f"{split}_{name}": torch.from_numpy(array) for name, array in drawn}
    return keep(arrays, out)


def draw(count: int, seed: int, side: int = SIDE) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (N, side, side, 3) and labels (N,), uint8, the shapes taking turns; the same for the same seed."""
    random = np.random.default_rng(seed)
    labels = (np.arange(count) % len(SHAPES)).astype(np.uint8)
    pictures = [_picture(SHAPES[label], side, random) for label in labels]
    return np.stack(pictures), labels


def _picture(shape: str, side: int, random: np.random.Generator) -> np.ndarray:
    """One picture (side, side, 3) uint8."""
    colour = np.array(COLOURS[random.integers(len(COLOURS))])
    radius = random.uniform(*RADII)
    x, y = random.uniform(radius, 1 - radius, 2)
    fine = side * FINER
    mask = Image.new("L", (fine, fine), 0)
    canvas = ImageDraw.Draw(mask)
    if shape == "circle":
        canvas.ellipse(
            [fine * (x - radius), fine * (y - radius), fine * (x + radius), fine * (y + radius)], fill=255
        )
    else:
        canvas.polygon(
            [(fine * (x + radius * dx), fine * (y + radius * dy)) for dx, dy in corners(shape)], fill=255
        )
    cover = np.asarray(mask.reduce(FINER))[..., None] / 255
    return np.rint(255 * (1 - cover) + colour * cover).astype(np.uint8)


def corners(shape: str) -> list[tuple[float, float]]:
    """The corners of a polygon about (0, 0), on or inside the circle of radius 1; y grows downwards."""
    if shape == "square":
        return [(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)]
    points, inner = (3, 1.0) if shape == "triangle" else (5, 0.42)
    turns = [
        (i, 1.0 if i % 2 == 0 or points == 3 else inner) for i in range(points if points == 3 else 2 * points)
    ]
    step = 2 * math.pi / len(turns)
    return [(r * math.sin(step * i), -r * math.cos(step * i)) for i, r in turns]
