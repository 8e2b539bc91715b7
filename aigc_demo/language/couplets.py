"""Whether a second line answers a first one as antithetical couplets (对联) must: by its length, its tones, its characters.

In regulated verse the tones of the two lines are opposed at the even places: level (平) against oblique (仄), by the Pingshui
rhymes (prosody.py). A character with readings of both tones breaks no rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aigc_demo.language.prosody import tones_of


@dataclass(frozen=True)
class Couplet:
    """What of the rules one pair of lines keeps; `opposed` of `places` even places have opposed tones."""

    same_length: bool
    opposed: int
    places: int
    repeats: bool

    @property
    def tones_opposed(self) -> bool:
        """Whether the tones are opposed at every even place of lines of one length."""
        return self.same_length and self.opposed == self.places


def judge(first: str, second: str) -> Couplet:
    """A couplet by the rules."""
    even = range(1, len(first), 2)
    opposed = sum(place < len(second) and are_opposed(first[place], second[place]) for place in even)
    return Couplet(len(first) == len(second), opposed, len(even), not set(first).isdisjoint(second))


def are_opposed(one: str, other: str) -> bool:
    """Whether one can be read level where the other is read oblique."""
    return any(a != b for a in tones_of(one) for b in tones_of(other))


def shares(first: Sequence[str], second: Sequence[str]) -> dict[str, float]:
    """Of couplets: the shares of the same length, of opposed tones (of places, and of couplets at all places), and without a repeated character."""
    judged = [judge(a, b) for a, b in zip(first, second, strict=True)]
    count = max(len(judged), 1)
    return {
        "same_length": sum(one.same_length for one in judged) / count,
        "tones_opposed": sum(one.opposed for one in judged) / max(sum(one.places for one in judged), 1),
        "all_tones_opposed": sum(one.tones_opposed for one in judged) / count,
        "no_character_repeated": sum(not one.repeats for one in judged) / count,
    }
