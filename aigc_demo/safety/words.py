"""The word filter: refuses text that holds what words.yaml lists, in Chinese and English.

It reads words, not meaning: a floor that stops careless requests. Who wants to get round it can, and a text that only
speaks of such things, as a law or the news do, may be refused; the reason says what to do.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from aigc_demo.core.words import Text, parse_yaml
from aigc_demo.safety.verdict import ALLOWED, Verdict

Place = Literal["everywhere", "pictures"]
AGES = (  # what AGE stands for
    r"(?:[1-9]|1[0-7])[ -]?(?:years?[ -]old|yo|y/o)",
    r"(?<![0-9一二三四五六七八九十])(?:[1-9]|1[0-7]|[一二三四五六七八九]|十[一二三四五六七]?) ?岁",
)

SIGNS = r"*_~|+·•"  # put between letters to hide a word, and seldom for anything else
CJK = r"[㐀-鿿]"
LEET = str.maketrans("0134578@$", "oieastbas")
_LEET_WORD = re.compile(r"[a-z0-9@$]*[a-z][a-z0-9@$]*")
_SPELLED = re.compile(r"(?<![a-z0-9])[a-z](?:[ .\-]{0,2}[ .\-" + SIGNS + r"][a-z])+(?![a-z0-9])")
_HIDDEN = re.compile(rf"(?<=[a-z])[{SIGNS}]+(?=[a-z])")
_APART = re.compile(rf"(?<={CJK})[ \t.\-/\\^#{SIGNS}]+(?={CJK})")
_DRAWN_OUT = re.compile(r"([a-z])\1{2,}")


@dataclass(frozen=True)
class Pair:
    """Two lists of terms, one of each within some characters of the other, either first."""

    first: re.Pattern[str]
    second: re.Pattern[str]
    within: int

    def found_in(self, text: str) -> bool:
        """Whether the pair is there."""
        seconds = [found.span() for found in self.second.finditer(text)]
        return any(
            start - self.within <= found.end() and found.start() - self.within <= end
            for found in (self.first.finditer(text) if seconds else ())
            for start, end in seconds
        )


@dataclass(frozen=True)
class Rule:
    """What one category refuses in one place."""

    category: str
    place: Place
    terms: re.Pattern[str] | None
    pairs: tuple[Pair, ...]

    def found_in(self, text: str) -> bool:
        """Whether a form of the text holds a term or a pair."""
        return bool(self.terms and self.terms.search(text)) or any(pair.found_in(text) for pair in self.pairs)


class WordFilter:
    """The rules that hold in `places`, of all categories or of some."""

    def __init__(self, places: Iterable[Place], categories: Iterable[str] | None = None) -> None:
        self.reasons, self.harmless, rules = _table()
        chosen = None if categories is None else set(categories)
        self.rules = [
            rule
            for rule in rules
            if rule.place in set(places) and (chosen is None or rule.category in chosen)
        ]

    def check(self, items: Sequence[str]) -> list[Verdict]:
        """A verdict a text: refuse with the reason of the first category that is found, or allow."""
        return [self._check(text) for text in items]

    def _check(self, text: str) -> Verdict:
        for form in forms(text):
            for rule in self.rules:
                if rule.found_in(form) and rule.found_in(self._without_harmless(form)):
                    return Verdict("refuse", self.reasons[rule.category], 1.0)
        return ALLOWED

    def _without_harmless(self, text: str) -> str:
        return self.harmless.sub(lambda found: " " * len(found[0]), text)


@cache
def _table() -> tuple[dict[str, Text], re.Pattern[str], tuple[Rule, ...]]:
    """words.yaml: reasons, what is harmless, rules."""
    loaded = parse_yaml(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8"))
    reasons = {name: Text(**words) for name, words in loaded["reasons"].items()}
    return reasons, _pattern(loaded["harmless"]), tuple(_rules(loaded["categories"]))


def _rules(categories: dict[str, dict[Place, dict[str, Any]]]) -> Iterator[Rule]:
    for category, places in categories.items():
        for place, found in places.items():
            pairs = tuple(
                Pair(_pattern(pair["first"]), _pattern(pair["second"]), pair["within"])
                for pair in found.get("pairs", ())
            )
            yield Rule(category, place, _pattern(found["terms"]) if "terms" in found else None, pairs)


def _pattern(terms: Sequence[str]) -> re.Pattern[str]:
    """One expression for a list of terms: Latin ones as whole words, Chinese ones anywhere."""
    latin = [_latin(term) for term in terms if term.isascii() and term != "AGE"]
    parts = [rf"(?<![a-z0-9])(?:{'|'.join(latin)})(?![a-z0-9])"] if latin else []
    parts += [re.escape(term) for term in terms if not term.isascii()]
    parts += AGES if "AGE" in terms else ()
    return re.compile("|".join(parts))


def _latin(term: str) -> str:
    """Words with anything but letters between them; a star is any ending."""
    words = re.escape(term.removesuffix("*")).replace(r"\ ", r"[^a-z0-9\n]{1,3}")
    return words + ("[a-z]*" if term.endswith("*") else "")


def forms(text: str) -> tuple[str, ...]:
    """`text` without what does not change its words, and, where it differs, with disguises taken off.

    First NFKC (full-width letters, ligatures), case folded, without invisible and combining characters, spaces made
    one, traditional characters simplified. Then "p0rn" and "p.o.r.n" and "po*rn" are porn, "色 情" is 色情; letters drawn out are written once.
    Not found all the same: other alphabets' look-alikes, pinyin and other romanisations, words split over lines,
    misspellings, other languages, and whatever is said without the words.
    """
    plain = "".join(
        char
        for char in unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
        if unicodedata.category(char) not in ("Cf", "Mn", "Cc") or char in "\n\t"
    )
    plain = re.sub(r"[ \t\xa0]+", " ", plain)
    if re.search(CJK, plain):
        plain = plain.translate(_simplified())
    open_faced = _SPELLED.sub(lambda found: re.sub(r"[^a-z]", "", found[0]), plain)
    open_faced = _HIDDEN.sub("", open_faced)
    open_faced = _APART.sub("", open_faced)
    open_faced = _LEET_WORD.sub(lambda found: found[0].translate(LEET), open_faced)
    open_faced = _DRAWN_OUT.sub(r"\1", open_faced)
    return (plain,) if plain == open_faced else (plain, open_faced)


@cache
def _simplified() -> dict[int, str]:
    """Each traditional character with its simplified one; none, where OpenCC is not installed."""
    try:
        from opencc import OpenCC
    except ImportError:
        return {}
    characters = [chr(code) for code in range(0x3400, 0xA000)]
    simple = OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return {ord(old): new for old, new in zip(characters, simple, strict=True) if old != new}
