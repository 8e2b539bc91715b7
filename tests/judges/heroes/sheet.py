"""Pictures of what was measured, enlarged by whole pixels: a sheet of captions, and drawn pictures over their nearest."""

from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from aigc_demo.data.heroes import Heroes
from tests.judges.heroes.drawing import draw

CAPTIONS, EACH, COLUMNS, SCALE, GAP = 24, 4, 2, 3, 4


def write_sheet(model: Any, material: Heroes, seed: int, path: Path) -> None:
    """A row for each of 24 heroes: its real picture, four drawn of the English caption, four of the Chinese one.

    In two columns, the captions beside in a text file of the same name. Heroes and pictures are those of the seed.
    """
    generator = torch.Generator().manual_seed(1_000_003 * (seed + 3))
    heroes = material.sample(CAPTIONS, generator)
    rows, said = [], []
    for i, (hero, real) in enumerate(zip(heroes, material.compose(heroes), strict=True)):
        captions = [material.caption(hero, lang, generator, full=True) for lang in ("en", "zh")]
        drawn = [draw(model, caption, EACH, seed + i) for caption in captions]
        rows.append([real[None], *drawn])
        said += [f"{i + 1:2} {captions[0]}", f"   {captions[1]}"]
    save(rows, path, COLUMNS)
    path.with_suffix(".txt").write_text("\n".join(said) + "\n", encoding="utf-8")


def write_pairs(drawn: Tensor, nearest: Tensor, path: Path) -> None:
    """Each drawn picture beside the nearest one, in `<sheet>-nearest.png`."""
    rows = [[a[None], b[None]] for a, b in zip(drawn, nearest, strict=True)]
    save(rows, path.with_name(f"{path.stem}-nearest.png"), 1)


def save(rows: list[list[Tensor]], path: Path, columns: int) -> None:
    """Rows of groups of pictures uint8 (n, 3, S, S), as many rows in each column, a wider gap between groups."""
    side = rows[0][0].shape[-1] * SCALE + GAP
    width = sum(len(group) * side + 2 * GAP for group in rows[0]) + 2 * GAP
    height = -(-len(rows) // columns)
    sheet = Image.new("RGB", (width * columns, height * side + GAP), "white")
    for place, row in enumerate(rows):
        x, y = (place // height) * width + GAP, (place % height) * side + GAP
        for group in row:
            for picture in group:
                sheet.paste(enlarged(picture), (x, y))
                x += side
            x += 2 * GAP
    sheet.save(path)


def enlarged(picture: Tensor) -> Image.Image:
    """uint8 (3, S, S), every pixel SCALE x SCALE."""
    whole = Image.fromarray(picture.movedim(0, 2).contiguous().numpy())
    return whole.resize((whole.width * SCALE, whole.height * SCALE), Image.Resampling.NEAREST)
