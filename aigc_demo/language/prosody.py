"""Whether a poem keeps the tones and the rhyme of regulated verse (近体诗).

The classes of characters are those of the Pingshui rhymes (平水韵): 106 groups, 30 of them level (平), the others
oblique (仄), the entering tone (入声) among these. So verse of Tang is judged by sounds near its own, not by today's.
The rules are data: regulated.yaml; the characters, too: rhymes.yaml.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from aigc_demo.core.words import parse_yaml
from aigc_demo.language.forms import MARKS

LEVEL, OBLIQUE, EITHER = "平", "仄", "中"
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Character:
    """One character in its place: its tones (of all its readings), the tone that the place wants, and whether it rhymes."""

    text: str
    tones: frozenset[str]
    wanted: str
    rhymes: bool = False

    @property
    def kept(self) -> bool:
        """Whether one of its readings has the tone that is wanted."""
        return self.wanted == EITHER or self.wanted in self.tones

    @property
    def tone(self) -> str:
        """Its tone; 中 where it has readings of both, or is not in the table."""
        return next(iter(self.tones)) if len(self.tones) == 1 else EITHER


@dataclass(frozen=True)
class Prosody:
    """A poem against the order of lines that it keeps best, and the rhyme group that most of its couplets share."""

    lines: Sequence[Sequence[Character]]
    group: str
    rhyming: int

    @property
    def name(self) -> str:
        """The order as it is called: the tone that the first line begins with, by its second place, and whether it rhymes."""
        second, last = self.lines[0][1].wanted, self.lines[0][-1].wanted
        return f"{second}起首句{'入韵' if last == LEVEL else '不入韵'}"

    @property
    def tones(self) -> float:
        """Share of the places with a wanted tone that have it, in [0, 1]."""
        places = [place for line in self.lines for place in line if place.wanted != EITHER]
        return sum(place.kept for place in places) / len(places)

    @property
    def rhyme(self) -> float:
        """Share of the couplets whose last characters are of one rhyme group, each character once, in [0, 1]; 0 where no two are."""
        return self.rhyming / (len(self.lines) // 2) if self.rhyming > 1 else 0.0


def lines_of(poem: str) -> list[str]:
    """The lines of a poem without their marks."""
    for mark in MARKS:
        poem = poem.replace(mark, "\n")
    return poem.split()


def prosody(lines: Sequence[str]) -> Prosody | None:
    """How 4 or 8 lines of 5 or 7 characters keep the rules; None for lines that have another shape."""
    lengths = {len(line) for line in lines}
    if len(lines) not in (4, 8) or lengths not in ({5}, {7}):
        return None
    patterns = _rules()["lines"][lengths.pop()]
    fits = [{kind: _fitting(variants, line) for kind, variants in patterns.items()} for line in lines]
    orders = ([fit[kind] for kind, fit in zip(order, fits, strict=False)] for order in _rules()["orders"])
    wanted = [pattern for pattern, _ in max(orders, key=lambda found: sum(kept for _, kept in found))]
    last = [line[-1] for line in lines[1::2]]
    counts = Counter(group for character in set(last) for group in rhymes_of(character))
    group = max(counts, key=lambda name: (counts[name], name in _table()[2], name), default="")
    ends = {0, *range(1, len(lines), 2)} if wanted[0][-1] == LEVEL else set(range(1, len(lines), 2))
    judged = [
        [
            Character(
                text, tones_of(text), tone, at in ends and place == len(line) - 1 and group in rhymes_of(text)
            )
            for place, (text, tone) in enumerate(zip(line, pattern, strict=True))
        ]
        for at, (line, pattern) in enumerate(zip(lines, wanted, strict=True))
    ]
    return Prosody(judged, group, counts[group])


def tones_of(character: str) -> frozenset[str]:
    """平 or 仄, both where it has readings of both; both, too, for what is not in the table: it breaks no rule."""
    found = _table()[0].get(character)
    return found or frozenset((LEVEL, OBLIQUE))


def rhymes_of(character: str) -> frozenset[str]:
    """The rhyme groups of all readings; empty for what is not in the table."""
    return _table()[1].get(character, frozenset())


def is_standard(character: str) -> bool:
    """Whether a character is in the table, which has those of 通用规范汉字表 alone: simplified, and no variant of another."""
    return character in _table()[1]


def _fitting(variants: Sequence[str], line: str) -> tuple[str, float]:
    """The variant of a pattern that a line keeps best, and how far.

    That is the share of the wanted tones that are there, so that a variant which wants fewer has no advantage.
    """
    tones = [tones_of(text) for text in line]

    def kept(pattern: str) -> float:
        wanted = [tone in own for tone, own in zip(pattern, tones, strict=True) if tone != EITHER]
        return sum(wanted) / len(wanted)

    return max(((pattern, kept(pattern)) for pattern in variants), key=lambda found: found[1])


@lru_cache
def _rules() -> Mapping[str, Any]:
    return parse_yaml((HERE / "regulated.yaml").read_text(encoding="utf-8"))


@lru_cache
def _table() -> tuple[Mapping[str, frozenset[str]], Mapping[str, frozenset[str]], frozenset[str]]:
    """Of every character in the table its tones, and its rhyme groups; and which groups are level."""
    tones: dict[str, set[str]] = {}
    rhymes: dict[str, set[str]] = {}
    groups_by_tone = parse_yaml((HERE / "rhymes.yaml").read_text(encoding="utf-8"))
    for tone, groups in groups_by_tone.items():
        for group, characters in groups.items():
            for character in characters:
                tones.setdefault(character, set()).add(tone)
                rhymes.setdefault(character, set()).add(group)
    frozen = ({key: frozenset(value) for key, value in part.items()} for part in (tones, rhymes))
    return *frozen, frozenset(groups_by_tone[LEVEL])
