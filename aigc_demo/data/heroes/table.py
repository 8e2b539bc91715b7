"""What heroes are made of, as heroes.yaml says it: slots, the attributes that fill them, and the layers' files."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from aigc_demo.core.words import Text, parse_yaml
from aigc_demo.models.phrases import Phrases
from aigc_demo.models.phrases import Slot as PhraseSlot

ONE_IN = 20  # pairs of attributes that training never shows together
ORDER = ("race", "body", "hand1", "hand2", "head", "hair", "beard", "cloak", "legs", "boots", "gloves")


@dataclass(frozen=True)
class Attribute:
    """One thing that fills a slot: its phrase, other ways to say it, and the layers that show it."""

    words: Text
    others: tuple[Text, ...]
    layers: tuple[str, ...]


@dataclass(frozen=True)
class Slot:
    """A place on a hero. chance: how often it is filled. leads: the words before its phrase in a sentence."""

    key: str
    name: Text
    chance: float
    leads_en: tuple[str, ...]
    leads_zh: tuple[str, ...]
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True)
class Table:
    """All slots, in the order in which their layers lie on each other, and the races without legs."""

    slots: tuple[Slot, ...]
    bare: tuple[str, ...]

    @property
    def keys(self) -> list[str]:
        """The slots' names for programs: race, cloak, ..."""
        return [slot.key for slot in self.slots]

    @property
    def layers(self) -> list[str]:
        """Every layer's file below rltiles/player, in the order of slots, attributes and their variants."""
        return [layer for slot in self.slots for attribute in slot.attributes for layer in attribute.layers]

    def phrases(self) -> Phrases:
        """What can be asked for, race first and what hands hold soon after."""
        slots = sorted(self.slots, key=lambda slot: ORDER.index(slot.key))
        return Phrases(
            tuple(
                PhraseSlot(
                    slot.name,
                    tuple(attribute.words for attribute in slot.attributes),
                    tuple(Text(*lead) for lead in zip(slot.leads_en, slot.leads_zh, strict=False)),
                )
                for slot in slots
            )
        )


@lru_cache(maxsize=1)
def table() -> Table:
    """The table that ships with the app."""
    entries = parse_yaml(Path(__file__).with_name("heroes.yaml").read_text(encoding="utf-8"))
    slots = tuple(
        Slot(
            key,
            Text(**entry["name"]),
            entry["chance"],
            tuple(entry["en"]),
            tuple(entry["zh"]),
            tuple(_attribute(line, entry["folder"], entries["aliases"]) for line in entry["attributes"]),
        )
        for key, entry in entries["slots"].items()
    )
    return Table(slots, tuple(entries["bare"]))


def _attribute(line: str, folder: str, aliases: dict[str, dict[str, str]]) -> Attribute:
    """`English | Chinese | file file`."""
    en, zh, files = (part.strip() for part in line.split("|"))
    other_en = " ".join(aliases["en"].get(word, word) for word in en.split())
    other_zh = zh
    for word, other in aliases["zh"].items():
        other_zh = other_zh if other in other_zh else other_zh.replace(word, other)
    others = () if (other_en, other_zh) == (en, zh) else (Text(other_en, other_zh),)
    return Attribute(Text(en, zh), others, tuple(f"{folder}/{file}" for file in files.split()))


def kept_apart(first: tuple[str, str], second: tuple[str, str]) -> bool:
    """Whether training never shows two attributes, each (slot, English phrase), on one hero: one pair in ONE_IN.

    Decided by the SHA-256 of both names, so that it stays when other attributes come or go.
    """
    both = "|".join(sorted(":".join(part) for part in (first, second)))
    return int.from_bytes(hashlib.sha256(both.encode()).digest()[:8], "big") % ONE_IN == 0
