"""What a model that draws the bestiary makes of its captions: `python -m tests.judges.bestiary MODEL --sheet F.png`.

Things in colours that training never shows them in, and as many that it shows, each drawn once, half of the captions in
English, half in Chinese. Two rules judge, no network: the colour is right where measuring it says so (data/bestiary/colours.py);
the thing is right where among all tiles, turned to the asked colour, mirrored or not, the nearest in pixels is a tile of it. Both
are told of the real pictures, too. How near the original tiles the drawings come stands beside (data/bestiary/nearest.py).
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aigc_demo.cli.flags import spoken_language
from aigc_demo.core.settings import add_flags, flags_given, prepare_environment, settings_from
from aigc_demo.data.bestiary import Beast, Bestiary, open_material
from aigc_demo.data.bestiary.colours import named
from aigc_demo.data.bestiary.nearest import nearest
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.registry import find_card
from tests.judges.heroes.drawing import draw_each
from tests.judges.heroes.figures import Share, wilson
from tests.judges.heroes.sheet import save

LANGUAGES = ("en", "zh")
SHOWN = 24  # rows of the sheet
GROUND_APART = 12  # levels of 255 by which a pixel must differ from the ground to be the thing's
COPY = 4.0  # root mean square distance a value, below which a drawing is a copy to the eye


class Rules:
    """Which colour pictures are, and which thing."""

    def __init__(self, material: Bestiary) -> None:
        self.material = material
        self.turned: dict[int, Tensor] = {}

    def colours(self, pictures: Tensor) -> Tensor:
        """The place in COLOURS of pictures uint8 (N, 3, S, S), or -1."""
        ground = torch.tensor(self.material.ground).view(1, 3, 1, 1)
        alpha = ((pictures.int() - ground).abs().amax(1, keepdim=True) > GROUND_APART).float()
        return named(pictures.float() / 255, alpha)

    def things(self, pictures: Tensor, colours: Tensor) -> Tensor:
        """The thing of the nearest tile in the asked colour (-1: as they are), (N,)."""
        found = torch.empty(len(pictures), dtype=torch.long)
        for colour in colours.unique().tolist():
            rows = colours == colour
            places = nearest(pictures[rows], self.tiles(colour)).places
            found[rows] = self.material.labels([Beast(tile, None, False) for tile in places.tolist()])[:, 0]
        return found

    def tiles(self, colour: int) -> Tensor:
        """All tiles in a colour."""
        if colour not in self.turned:
            count = len(self.material.own)
            asked = None if colour < 0 else colour
            beasts = [
                Beast(tile, None if self.material.own[tile] == colour else asked, False)
                for tile in range(count)
            ]
            self.turned[colour] = self.material.compose(beasts)
        return self.turned[colour]


def shares(rules: Rules, pictures: Tensor, asked: Tensor) -> dict[str, Share]:
    """Colours, things and both right, of pictures whose thing and colour (N, 2) were asked for."""
    colour = rules.colours(pictures) == asked[:, 1]
    thing = rules.things(pictures, asked[:, 1]) == asked[:, 0]
    return {"colour": share(colour), "thing": share(thing), "both": share(colour & thing)}


def share(right: Tensor) -> Share:
    """The share of true ones, with its interval."""
    return wilson(int(right.sum()), len(right))


def measure(model: Any, material: Bestiary, count: int, seed: int) -> dict[str, Any]:
    """The figures of things in unseen and in seen colours, drawn and real; and the distances to the original tiles."""
    rules, originals, found = Rules(material), material.originals(), {}
    for place, kind in enumerate(("held out", "seen")):
        generator = torch.Generator().manual_seed(1_000_003 * (seed + 1) + place)
        beasts = coloured(material, count, generator, held_out=not place)
        captions = said(material, beasts, generator)
        drawn, real, asked = (
            draw_each(model, captions, seed + place),
            material.compose(beasts),
            material.labels(beasts),
        )
        distances = nearest(drawn, originals).distances
        found[kind] = {
            **shares(rules, drawn, asked),
            **{f"real {name}": value for name, value in shares(rules, real, asked).items()},
            "distance to the nearest tile, median": distances.median().item(),
            "copies of a tile": share(distances < COPY),
        }
    return found


def coloured(material: Bestiary, count: int, generator: torch.Generator, held_out: bool) -> list[Beast]:
    """Beasts of a plain colour."""
    found: list[Beast] = []
    while len(found) < count:
        some = material.sample(count, generator, held_out=held_out)
        found += [beast for beast, label in zip(some, material.labels(some), strict=True) if label[1] >= 0]
    return found[:count]


def said(material: Bestiary, beasts: Sequence[Beast], generator: torch.Generator) -> list[str]:
    """A full caption each, the languages by turns."""
    return [material.caption(beast, LANGUAGES[i % 2], generator, full=True) for i, beast in enumerate(beasts)]


def write_sheet(model: Any, material: Bestiary, seed: int, path: Path) -> None:
    """Of things in unseen colours: the real picture, four drawings of the caption, and the tile nearest to the first."""
    generator = torch.Generator().manual_seed(1_000_003 * (seed + 3))
    beasts = coloured(material, SHOWN, generator, held_out=True)
    captions = said(material, beasts, generator)
    drawn = draw_each(model, [caption for caption in captions for _ in range(4)], seed).unflatten(
        0, (SHOWN, 4)
    )
    originals = material.originals()
    near = originals[nearest(drawn[:, 0], originals).places]
    reals = material.compose(beasts)
    rows = [[a[None], b, c[None]] for a, b, c in zip(reals, drawn, near, strict=True)]
    save(rows, path, 2)
    lines = [f"{i:2} {caption}" for i, caption in enumerate(captions, 1)]
    path.with_suffix(".txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(arguments: Sequence[str]) -> None:
    """Print the figures as a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.judges.bestiary", description=__doc__)
    parser.add_argument("model", help="a model's id, as draw-bestiary or runs/NAME")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sheet", type=Path, metavar="F.png")
    add_flags(parser, spoken_language(arguments, os.environ))
    asked = parser.parse_args(arguments)
    settings = settings_from(flags_given(asked))
    prepare_environment(settings)
    material = open_material(settings.data_dir / "bestiary")
    with ModelCache(settings).use(find_card(asked.model, settings, "draw")) as model:
        if asked.sheet:
            write_sheet(model, material, asked.seed, asked.sheet)
        found = measure(model, material, asked.count, asked.seed)
    for kind, figures in found.items():
        for name, value in figures.items():
            text = f"{value:.1f}" if isinstance(value, float) else str(value)
            print(f"{kind:10} {name:40} {text}")


if __name__ == "__main__":
    main(sys.argv[1:])
