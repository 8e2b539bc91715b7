"""Translation word for word, by a dictionary alone: what a translator has to beat.

Of the text the longest word or phrase that the dictionary has is taken, from left to right, and its first meaning written;
what the dictionary lacks is copied. Nothing is reordered, nothing inflected, and no meaning is chosen by its context.
"""

import re
from collections.abc import Iterable

from aigc_demo.data.pairs import Pair

PHRASE = 4  # words of English, at most, that are looked up together
WORD = 8  # characters of Chinese
ENGLISH = re.compile(r"[A-Za-z]+(?:'[a-z]+)?|\d+|[^\sA-Za-z\d]")
MARKS = str.maketrans(",.:;?!()", "，。：；？！（）")
BACK = str.maketrans("，。：；？！（）、「」", ',.:;?!(),""')
ENDINGS = ("", "s", "es", "ed", "d", "ing")


class Dictionary:
    """Both directions of pairs of a Chinese word and an English meaning, as data/cedict.py makes them."""

    def __init__(self, entries: Iterable[Pair]) -> None:
        self.english: dict[str, str] = {}
        ranked: dict[str, list[tuple[int, int, str]]] = {}
        places: dict[str, int] = {}
        for order, entry in enumerate(entries):
            self.english.setdefault(entry.source, entry.target)
            place = places[entry.source] = places.get(entry.source, -1) + 1
            # a word of which this is the first meaning comes before others, and one of two characters before others
            rank = place + abs(len(entry.source) - 2), order, entry.source
            ranked.setdefault(entry.target.lower(), []).append(rank)
        self.chinese = {meaning: min(found)[2] for meaning, found in ranked.items()}

    def into_chinese(self, text: str) -> str:
        """An English text in Chinese words."""
        words, written, place = ENGLISH.findall(text), [], 0
        while place < len(words):
            for count in range(min(PHRASE, len(words) - place), 0, -1):
                if found := self._chinese(" ".join(words[place : place + count]).lower()):
                    break
            else:
                count, found = 1, words[place].translate(MARKS)
            written.append(found)
            place += count
        return "".join(written).replace(" ", "")

    def into_english(self, text: str) -> str:
        """A Chinese text in English words."""
        written, place = [], 0
        while place < len(text):
            for count in range(min(WORD, len(text) - place), 0, -1):
                if found := self.english.get(text[place : place + count], ""):
                    written.append(f" {found}")
                    break
            else:
                count = 1
                written.append(text[place].translate(BACK))
            place += count
        return "".join(written).strip()

    def _chinese(self, phrase: str) -> str:
        """The word for a phrase, or for what it is without an ending; articles are left out."""
        if phrase in ("a", "an", "the"):
            return " "
        for ending in ENDINGS:
            if phrase.endswith(ending) and (found := self.chinese.get(phrase[: len(phrase) - len(ending)])):
                return found
        return ""
