"""Monsters and things in colours: single tiles, mirrored and turned to other colours, with captions in two languages.

A picture is one tile as its artist drew it, or turned to one of twelve colours (colours.py), or either mirrored. One pair
of a thing and a colour in ten is kept apart: "a blue spider" may be something that training has never shown. Tiles are few
and can be learnt by heart; nearest.py shows the original that a picture is most like.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from torch import Tensor

from aigc_demo.core.words import Text
from aigc_demo.data.bestiary.colours import COLOURS, is_colour, named, repaint
from aigc_demo.data.bestiary.table import Thing, kept_apart, things
from aigc_demo.data.heroes.layers import GROUND, SIDE, load_layers, prepare_layers
from aigc_demo.data.images import keep
from aigc_demo.data.material import Captioned
from aigc_demo.data.word_tokenizer import vocabulary
from aigc_demo.models.phrases import Phrases, Slot

NATURAL, NAME_NATURAL, NAME_TURNED = (
    0.4,
    0.5,
    0.9,
)  # how often a tile stays as it is; how often its colour is named
OPENED, TAGS = 0.12, 0.25
OPENINGS_EN = ("a picture of", "pixel art of", "draw")
OPENINGS_ZH = ("画", "请画", "一幅图：", "像素画：")
EACH = 8  # pictures of a thing among those composed once
HELD_OUT_SEED = 20_000_013


@dataclass(frozen=True)
class Beast:
    """tile: its place among all tiles; colour: its place in COLOURS, None for the artist's own; mirrored or not."""

    tile: int
    colour: int | None
    mirrored: bool


def prepare(source: Path, out: Path) -> tuple[dict[str, int], str]:
    """Write the tiles that the table names from the unpacked source package; counts, and the tiles' sha256.

    Beside them some pictures as training shows them, labelled monster or item, for models that learn from a finite set.
    """
    names = [tile for thing in things() for tile in thing.tiles]
    sha256 = prepare_layers(source, out, names, "rltiles")
    bestiary = Bestiary(out)
    arrays = {}
    for split, count, seed in (("train", EACH, 0), ("test", 1, 1)):
        drawn = bestiary.sample(count * len(things()), torch.Generator().manual_seed(seed), held_out=False)
        labels = [int(bestiary.thing(beast).tiles[0].startswith("item")) for beast in drawn]
        arrays[f"{split}_images"] = bestiary.compose(drawn).permute(0, 2, 3, 1).contiguous()
        arrays[f"{split}_labels"] = torch.tensor(labels, dtype=torch.uint8)
    counts, _ = keep(arrays, out)
    return {"tiles": len(names), "things": len(things()), **counts}, sha256


def open_material(folder: Path) -> "Bestiary":
    """The bestiary of a prepared folder."""
    return Bestiary(folder)


class Bestiary:
    """Monsters and things without end and their captions; a Material (data/material.py)."""

    side = SIDE
    ground = GROUND

    def __init__(self, folder: Path) -> None:
        self.things = things()
        names = [tile for thing in self.things for tile in thing.tiles]
        self._of = [i for i, thing in enumerate(self.things) for _ in thing.tiles]
        self._first = [self._of.index(i) for i in range(len(self.things))]
        rgba = load_layers(folder, names).permute(0, 3, 1, 2).float() / 255
        self._rgb, self._alpha = rgba[:, :3], rgba[:, 3:]
        self.own = named(self._rgb, self._alpha).tolist()  # the colour that a tile is by itself, or -1
        self._true = self._true_colours()
        self._apart = self._pairs_apart()
        self.phrases = Phrases(
            (
                Slot(Text("creature or thing", "生物或物品"), tuple(thing.words for thing in self.things)),
                Slot(Text("colour", "颜色"), tuple(_colour_words(colour) for colour in range(len(COLOURS)))),
            )
        )
        self.words = vocabulary(
            [
                *(
                    form
                    for slot in self.phrases.slots
                    for phrase in slot.phrases
                    for form in (phrase.en, phrase.zh)
                ),
                *(measure for thing in self.things for measure in thing.measures),
                *OPENINGS_EN,
                *OPENINGS_ZH,
                "an",
                "的",
            ]
        )

    def _true_colours(self) -> list[list[int]]:
        """To which colours each tile can be turned so that measuring agrees."""
        count = len(self._rgb)
        true = torch.stack(
            [
                is_colour(repaint(self._rgb, self._alpha, torch.full((count,), colour)), self._alpha, colour)
                for colour in range(len(COLOURS))
            ],
            1,
        )
        return [row.nonzero()[:, 0].tolist() for row in true]

    def _pairs_apart(self) -> set[tuple[int, int]]:
        """The pairs (thing, colour) that training never shows: none that an artist drew."""
        drawn = {(self._of[tile], colour) for tile, colour in enumerate(self.own)}
        return {
            (i, j)
            for i, thing in enumerate(self.things)
            for j, colour in enumerate(COLOURS)
            if (i, j) not in drawn and kept_apart(thing.noun, colour.words.en)
        }

    def thing(self, beast: Beast) -> Thing:
        """What a beast is."""
        return self.things[self._of[beast.tile]]

    def labels(self, beasts: Sequence[Beast]) -> Tensor:
        """(N, 2) int64: the thing's place, and the colour's, the artist's own one included; -1 for no plain colour."""
        rows = [
            (self._of[beast.tile], self.own[beast.tile] if beast.colour is None else beast.colour)
            for beast in beasts
        ]
        return torch.tensor(rows, dtype=torch.long).view(-1, 2)

    def sample(self, count: int, generator: torch.Generator, held_out: bool | None = None) -> list[Beast]:
        """Things by chance, each as often as any other.

        held_out: False for those that training shows, True for those in a colour that training never shows them in, None
        for either.
        """
        random = _random(generator)
        found: list[Beast] = []
        while len(found) < count:
            i = random.randrange(len(self.things))
            tile = self._first[i] + random.randrange(len(self.things[i].tiles))
            colours = [
                colour
                for colour in self._true[tile]
                if held_out is None or ((i, colour) in self._apart) == held_out
            ]
            if held_out and not colours:
                continue
            natural = not held_out and (not colours or random.random() < NATURAL)
            found.append(Beast(tile, None if natural else random.choice(colours), random.random() < 0.5))
        return found

    def compose(self, beasts: Sequence[Beast]) -> Tensor:
        """Their pictures uint8 (N, 3, 32, 32) on the ground."""
        places = torch.tensor([beast.tile for beast in beasts], dtype=torch.long)
        rgb, alpha = self._rgb[places], self._alpha[places]
        turned = [i for i, beast in enumerate(beasts) if beast.colour is not None]
        if turned:
            colours = torch.tensor([beasts[i].colour for i in turned])
            rgb[turned] = repaint(rgb[turned], alpha[turned], colours)
        ground = torch.tensor(GROUND).view(1, 3, 1, 1)
        pictures = (255 * rgb * alpha + ground * (1 - alpha)).round_().to(torch.uint8)
        mirrored = torch.tensor([beast.mirrored for beast in beasts], dtype=torch.bool).view(-1, 1, 1, 1)
        return torch.where(mirrored, pictures.flip(-1), pictures)

    def originals(self) -> Tensor:
        """All tiles as their artists drew them, uint8 (T, 3, 32, 32): what nearest.py looks among."""
        return self.compose([Beast(tile, None, False) for tile in range(len(self._of))])

    def caption(self, beast: Beast, lang: str, generator: torch.Generator, full: bool = False) -> str:
        """A caption in "en" or "zh"; `full` names the colour wherever there is a plain one, else chance decides."""
        return self._caption(beast, lang, _random(generator), full)

    def _caption(self, beast: Beast, lang: str, random: Random, full: bool) -> str:
        colour = self.own[beast.tile] if beast.colour is None else beast.colour
        often = NAME_NATURAL if beast.colour is None else NAME_TURNED
        if colour < 0 or not (full or random.random() < often):
            return _say(self.thing(beast), None, lang, random)
        return _say(self.thing(beast), colour, lang, random)

    def draw(self, count: int, generator: torch.Generator) -> Captioned:
        """A batch to learn from, without any pair that is kept apart, in both languages equally often."""
        return self._captioned(self.sample(count, generator, held_out=False), generator)

    def held_out(self, count: int) -> Captioned:
        """Things in colours that training never shows them in, named in full."""
        generator = torch.Generator().manual_seed(HELD_OUT_SEED)
        return self._captioned(self.sample(count, generator, held_out=True), generator, full=True)

    def seen(self, count: int) -> Captioned:
        """Pictures of the kind that training shows, named in full: what held_out is compared with."""
        generator = torch.Generator().manual_seed(HELD_OUT_SEED + 1)
        return self._captioned(self.sample(count, generator, held_out=False), generator, full=True)

    def _captioned(
        self, beasts: Sequence[Beast], generator: torch.Generator, full: bool = False
    ) -> Captioned:
        random = _random(generator)
        captions = [self._caption(beast, ("en", "zh")[i % 2], random, full) for i, beast in enumerate(beasts)]
        return Captioned(self.compose(beasts), captions)


def _colour_words(colour: int) -> Text:
    words = COLOURS[colour].words
    return Text(words.en, f"{words.zh}色")


def _say(thing: Thing, colour: int | None, lang: str, random: Random) -> str:
    """A thing, maybe in a colour, in one of several ways."""
    return _chinese(thing, colour, random) if lang == "zh" else _english(thing, colour, random)


def _english(thing: Thing, colour: int | None, random: Random) -> str:
    words = "" if colour is None else COLOURS[colour].words.en
    if random.random() < TAGS:
        tags = [thing.noun, words] if words else [thing.noun]
        random.shuffle(tags)
        return ", ".join(tags)
    said = f"{words} {thing.noun}".strip()
    if thing.one:
        said = f"{'an' if said[0] in 'aeiou' and not said.startswith('uni') else 'a'} {said}"
    return f"{random.choice(OPENINGS_EN)} {said}" if random.random() < OPENED else said


def _chinese(thing: Thing, colour: int | None, random: Random) -> str:
    noun, words = thing.words.zh, "" if colour is None else COLOURS[colour].words.zh
    if words and random.random() < TAGS:
        return random.choice((f"{noun}，{words}色", f"{words}色，{noun}"))
    said = f"{words}{random.choice(('', '色的'))}{noun}" if words else noun
    opening = random.choice(OPENINGS_ZH) if random.random() < OPENED else ""
    return opening + random.choice((*thing.measures, "")) + said


def _random(generator: torch.Generator) -> Random:
    return Random(int(torch.randint(2**62, (1,), generator=generator)))
