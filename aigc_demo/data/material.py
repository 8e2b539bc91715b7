"""Pictures with captions, as a model learns from them that draws what words say.

$(x, c) \\sim p$: training sees a picture x and its caption c. Some material is drawn without end (heroes/, bestiary/),
other is a finite set (captioned.py); both are asked in the same way, and all chance comes from the generator given.
"""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from aigc_demo.data import catalogue
from aigc_demo.models.phrases import Phrases


@dataclass(frozen=True)
class Captioned:
    """Pictures uint8 (N, 3, S, S) and a caption for each."""

    pictures: Tensor
    captions: list[str]

    def __len__(self) -> int:
        return len(self.captions)


class Material(Protocol):
    """Pictures with captions.

    side: S, a multiple of 4 from 16 to 64. words: every word of every caption in either language, sorted, for a
    vocabulary. phrases: what can be asked for, maybe nothing. ground: the plain colour behind every picture, None where
    there is none.
    """

    side: int
    words: list[str]
    phrases: Phrases
    ground: tuple[int, int, int] | None

    def draw(self, count: int, generator: torch.Generator) -> Captioned:
        """A batch to learn from; the same for the same state of the generator."""
        ...

    def held_out(self, count: int) -> Captioned:
        """Always the same pictures, of which training shows none."""
        ...

    def seen(self, count: int) -> Captioned:
        """Always the same pictures, of the kind that training shows: what a drawing may be a copy of."""
        ...


def of_others(captions: list[str]) -> list[str]:
    """For each caption the next one that says something else, where there is one, in its language: these take turns."""
    count = len(captions)
    found = []
    for place, own in enumerate(captions):
        later = (captions[(place + step) % count] for step in range(2, count, 2))
        found.append(next((other for other in later if other != own), own))
    return found


def open_material(folder: Path) -> Material:
    """The material in a prepared folder: data of the catalogue that draw by themselves, or a set of pictures.

    InputError where the folder holds no pictures, or pictures without captions and classes.
    """
    said = _source(folder)
    card = catalogue().get(said.get("name", ""))
    endless = card is not None and card.draws
    module = import_module(f"aigc_demo.data.{card.module if endless else 'captioned'}")
    material = module.open_material(folder)
    return EveryOther(material, said["half"]) if endless and "half" in said else material


class EveryOther:
    """A material that draws without end, of whose held-out pictures every other one is there: from place 0 or 1."""

    def __init__(self, material: Material, half: int) -> None:
        self.whole, self.half = material, half
        self.side, self.words = material.side, material.words
        self.phrases, self.ground = material.phrases, material.ground
        self.draw, self.seen = material.draw, material.seen

    def held_out(self, count: int) -> Captioned:
        """Of twice as many, pairs by turns: pictures are called in either language by turns."""
        whole = self.whole.held_out(2 * count)
        places = [place for place in range(len(whole)) if place // 2 % 2 == self.half]
        return Captioned(whole.pictures[places], [whole.captions[place] for place in places])


def _source(folder: Path) -> dict[str, Any]:
    """What a prepared folder says of itself."""
    import json

    path = folder / "source.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
