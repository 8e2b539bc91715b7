"""What is in the bestiary, as bestiary.yaml says it."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from aigc_demo.core.words import Text, parse_yaml
from aigc_demo.models.phrases import without_article

ONE_IN = 10  # pairs of a thing and a colour that training never shows


@dataclass(frozen=True)
class Thing:
    """A monster or an item: its phrase, Chinese measure words, and its tiles' files below rltiles."""

    words: Text
    measures: tuple[str, ...]
    tiles: tuple[str, ...]

    @property
    def noun(self) -> str:
        """The English words without article."""
        return without_article(self.words.en)

    @property
    def one(self) -> bool:
        """Whether English says it with an article."""
        return self.noun != self.words.en


@lru_cache(maxsize=1)
def things() -> tuple[Thing, ...]:
    """All things that ship with the app's table."""
    entries = parse_yaml(Path(__file__).with_name("bestiary.yaml").read_text(encoding="utf-8"))
    found = []
    for folder, measures in entries["measure_words"].items():
        for line in entries[folder]:
            en, zh, files = (part.strip() for part in line.split("|"))
            tiles = tuple(f"{folder}/{file}" for file in files.split())
            found.append(Thing(Text(en, zh), tuple(measures), tiles))
    return tuple(found)


def kept_apart(thing: str, colour: str) -> bool:
    """Whether training never shows this thing in this colour: one pair in ONE_IN, by the SHA-256 of both names."""
    digest = hashlib.sha256(f"{thing}|{colour}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % ONE_IN == 0
