"""Pixel heroes, dressed at random as training goes: a race in clothes, with hair, a weapon, a shield, and captions.

A hero is one attribute or none for each of eleven slots (heroes.yaml): over 10^15 of them. One pair of attributes in 20
is kept apart: training never shows both on one hero, so that what a model makes of such a pair is its own. What lies
hidden under other layers is not worn at all, so that every part of a hero can be seen and named.

A caption names all parts of its hero (six in ten), or some: what a sentence leaves open may be anything, but what it
names is there. The layers are those of the game Dungeon Crawl Stone Soup.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from torch import Tensor

from aigc_demo.data.heroes.captions import say, template_words
from aigc_demo.data.heroes.layers import GROUND, SIDE, Layers, prepare_layers
from aigc_demo.data.heroes.table import Table, kept_apart, table
from aigc_demo.data.images import keep
from aigc_demo.data.material import Captioned
from aigc_demo.data.word_tokenizer import vocabulary

LEAST_SEEN = 12  # pixels of a part, or half of a smaller one; less, and it is not worn
LEAST_FACE = 24  # pixels of the race; less, and the head goes bare
FULL, NAME_RACE = 0.6, 0.9  # how often a caption names all parts; and else the race
SPARSEST, FULLEST = 0.4, 1.5  # how many parts a hero wears, as a factor of each slot's chance
TRAIN, TEST = 6000, 1000  # heroes composed once
HELD_OUT_SEED = 20_000_003


@dataclass(frozen=True)
class Hero:
    """attributes: for each slot of the table the place of what fills it, or None; layers: their numbers, 0 for none."""

    attributes: tuple[int | None, ...]
    layers: tuple[int, ...]


def prepare(source: Path, out: Path) -> tuple[dict[str, int], str]:
    """Write the layers that the table names from the unpacked source package; counts, and the layers' sha256.

    Beside them some composed heroes, labelled by their race, for models that learn from a finite set of pictures.
    """
    names = table().layers
    sha256 = prepare_layers(source, out, names)
    heroes = Heroes(out)
    arrays = {}
    for split, count, seed in (("train", TRAIN, 0), ("test", TEST, 1)):
        drawn = heroes.sample(count, torch.Generator().manual_seed(seed), held_out=False)
        arrays[f"{split}_images"] = heroes.compose(drawn).permute(0, 2, 3, 1).contiguous()
        arrays[f"{split}_labels"] = heroes.labels(drawn)[:, heroes.race].to(torch.uint8)
    counts, _ = keep(arrays, out)
    return {"layers": len(names), **counts}, sha256


def open_material(folder: Path) -> "Heroes":
    """The heroes of a prepared folder."""
    return Heroes(folder)


class Heroes:
    """Heroes without end and their captions; a Material (data/material.py)."""

    side = SIDE
    ground = GROUND

    def __init__(self, folder: Path, parts: Table | None = None) -> None:
        self.table = parts or table()
        self.slots = self.table.keys
        self.layers = Layers.load(folder, self.table.layers)
        self.phrases = self.table.phrases()
        self.race = self.slots.index("race")
        self._counts = [len(slot.attributes) for slot in self.table.slots]
        self._starts = [sum(self._counts[:i]) for i in range(len(self._counts))]
        every = [attribute for slot in self.table.slots for attribute in slot.attributes]
        variants = torch.tensor([len(attribute.layers) for attribute in every])
        self._variants = variants
        self._first_layer = 1 + variants.cumsum(0) - variants
        self._apart = self._pairs_apart()
        self._bare = torch.tensor(
            [
                any(name in attribute.words.en.split() for name in self.table.bare)
                for attribute in self.table.slots[self.race].attributes
            ]
        )
        self.words = sorted({*template_words(), *self._said()})

    def _said(self) -> list[str]:
        """Every word of phrases and of what leads to them."""
        return vocabulary(
            text
            for slot in self.table.slots
            for text in (
                *slot.leads_en,
                *slot.leads_zh,
                *(
                    form
                    for attribute in slot.attributes
                    for words in (attribute.words, *attribute.others)
                    for form in (words.en, words.zh)
                ),
            )
        )

    def _pairs_apart(self) -> Tensor:
        """(A + 1, A + 1) bool over all attributes of all slots: which pairs are kept apart; the last row is no attribute."""
        named = [(slot.key, attribute.words.en) for slot in self.table.slots for attribute in slot.attributes]
        apart = torch.zeros(len(named) + 1, len(named) + 1, dtype=torch.bool)
        for i, first in enumerate(named):
            for j in range(i):
                if first[0] != named[j][0] and kept_apart(first, named[j]):
                    apart[i, j] = apart[j, i] = True
        return apart

    def sample(self, count: int, generator: torch.Generator, held_out: bool | None = None) -> list[Hero]:
        """Heroes dressed at random.

        held_out: False for those that training shows, True for those with at least one pair that it never shows, None
        for either.
        """
        found: list[Tensor] = []
        missing = count
        while missing > 0:
            attributes, layers = self._dress(2 * missing + 8, generator)
            if (
                held_out is False
            ):  # nothing that is taken off later makes a pair, so fewer have to be looked at
                keep = (~self._any_apart(attributes)).nonzero()[:missing, 0]
                attributes, layers = attributes[keep], layers[keep]
            attributes, layers = self._without_hidden(attributes, layers)
            if held_out:
                keep = self._any_apart(attributes)
                attributes, layers = attributes[keep], layers[keep]
            found.append(torch.stack([attributes, layers])[:, :missing])
            missing -= found[-1].shape[1]
        attributes, layers = torch.cat(found, 1).tolist() if found else ([], [])
        return [
            Hero(tuple(None if a < 0 else a for a in row), tuple(numbers))
            for row, numbers in zip(attributes, layers, strict=True)
        ]

    def _dress(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Attributes (N, slots), -1 for none, and layers (N, slots), 0 for none."""
        slots = self.table.slots
        chances = torch.tensor([slot.chance for slot in slots])
        density = torch.empty(count, 1).uniform_(SPARSEST, FULLEST, generator=generator)
        worn = torch.rand(count, len(slots), generator=generator) < chances * density
        worn[:, self.race] = True
        drawn = torch.rand(count, len(slots), generator=generator)
        attributes = (drawn * torch.tensor(self._counts)).long()
        bare = self._bare[attributes[:, self.race]]
        for key in ("legs", "boots"):
            worn[:, self.slots.index(key)] &= ~bare
        places = attributes + torch.tensor(self._starts)
        variant = (torch.rand(count, len(slots), generator=generator) * self._variants[places]).long()
        layers = (self._first_layer[places] + variant) * worn
        return torch.where(worn, attributes, -1), layers

    def _without_hidden(self, attributes: Tensor, layers: Tensor) -> tuple[Tensor, Tensor]:
        """Heroes without parts of which too little shows, and without what hides nearly all of the race."""
        layers, shown = self.layers.seen(layers, LEAST_SEEN, self.race)
        hidden = shown[:, self.race] < LEAST_FACE
        layers[hidden, self.slots.index("head")] = 0
        return torch.where(layers > 0, attributes, -1), layers

    def _any_apart(self, attributes: Tensor) -> Tensor:
        """(N,) bool: whether a hero has a pair that is kept apart."""
        places = torch.where(attributes < 0, len(self._apart) - 1, attributes + torch.tensor(self._starts))
        return self._apart[places[:, :, None], places[:, None, :]].flatten(1).any(1)

    def labels(self, heroes: Sequence[Hero]) -> Tensor:
        """Attributes (N, slots) int64, -1 where a slot is empty: what a judge is trained and asked for."""
        return torch.tensor([[-1 if a is None else a for a in hero.attributes] for hero in heroes])

    def compose(self, heroes: Sequence[Hero]) -> Tensor:
        """Their pictures uint8 (N, 3, 32, 32)."""
        numbers = torch.tensor([hero.layers for hero in heroes], dtype=torch.long)
        return self.layers.compose(numbers.view(len(heroes), len(self.slots)))

    def caption(self, hero: Hero, lang: str, generator: torch.Generator, full: bool = False) -> str:
        """A caption in "en" or "zh"; `full` names every part, else chance decides."""
        return self._caption(hero, lang, _random(generator), full)

    def _caption(self, hero: Hero, lang: str, random: Random, full: bool) -> str:
        slots = self.table.slots
        parts = [
            (slots[i], slots[i].attributes[place])
            for i, place in enumerate(hero.attributes)
            if place is not None and i != self.race
        ]
        random.shuffle(parts)
        place = hero.attributes[self.race]
        race = None if place is None else slots[self.race].attributes[place]
        if not full and random.random() >= FULL:
            parts = parts[: random.randint(0, len(parts))]
            if parts and random.random() >= NAME_RACE:
                race = None
        return say(race, parts, lang, random)

    def draw(self, count: int, generator: torch.Generator) -> Captioned:
        """A batch to learn from: heroes without any pair that is kept apart, in both languages equally often."""
        heroes = self.sample(count, generator, held_out=False)
        return Captioned(self.compose(heroes), self._captions(heroes, generator))

    def held_out(self, count: int) -> Captioned:
        """Heroes with at least one pair that training never shows, and captions that name all parts."""
        generator = torch.Generator().manual_seed(HELD_OUT_SEED)
        heroes = self.sample(count, generator, held_out=True)
        return Captioned(self.compose(heroes), self._captions(heroes, generator, full=True))

    def seen(self, count: int) -> Captioned:
        """Fresh heroes of the kind that training shows, and captions that name all parts: what held_out compares with."""
        generator = torch.Generator().manual_seed(HELD_OUT_SEED + 1)
        heroes = self.sample(count, generator, held_out=False)
        return Captioned(self.compose(heroes), self._captions(heroes, generator, full=True))

    def _captions(self, heroes: Sequence[Hero], generator: torch.Generator, full: bool = False) -> list[str]:
        """A caption each, English and Chinese by turns."""
        random = _random(generator)
        return [self._caption(hero, ("en", "zh")[i % 2], random, full) for i, hero in enumerate(heroes)]


def _random(generator: torch.Generator) -> Random:
    """Python's source of chance, begun by a number of torch's."""
    return Random(int(torch.randint(2**62, (1,), generator=generator)))
