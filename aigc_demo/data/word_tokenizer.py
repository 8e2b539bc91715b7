"""Text as numbers of words, for models that read captions in either language.

A word is a run of letters or digits in lower case; a Chinese character is a word by itself, so that nothing has to
be segmented: "an elf, 穿红袍" is an, elf, 穿, 红, 袍. Punctuation is dropped, and an apostrophe too: monk's is monks.
Number 0 fills a row up (padding), 1 stands for no text at all, and a vocabulary of V words has the numbers 2 ... V + 1.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from aigc_demo.core.disk import write_json

FILE = "words.json"
PAD, NONE, FIRST = 0, 1, 2
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_HAN}]|[^\W_{_HAN}]+")
_DROPPED = re.compile(r"['’`´]")


def split(text: str) -> list[str]:
    """The words of a text in its order: lower case, Chinese characters one by one, without punctuation."""
    return _WORD.findall(_DROPPED.sub("", unicodedata.normalize("NFKC", text).lower()))


def is_chinese(word: str) -> bool:
    """Whether a word is a Chinese character."""
    return re.fullmatch(f"[{_HAN}]", word) is not None


def vocabulary(texts: Iterable[str]) -> list[str]:
    """Every word of these texts once, sorted."""
    return sorted({word for text in texts for word in split(text)})


class WordTokenizer:
    """Words and their numbers; a word without one is left out of a text, never guessed."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self.numbers = {word: number for number, word in enumerate(self.words, FIRST)}

    def __len__(self) -> int:
        """How many numbers there are, padding and "no text" among them."""
        return len(self.words) + FIRST

    def known(self, text: str) -> list[str]:
        """The words of a text that have a number, in its order: what a row of numbers stands for."""
        return [word for word in split(text) if word in self.numbers]

    def encode(self, text: str, length: int) -> list[int]:
        """The numbers of a text's known words, cut or filled up to `length`; of a text without any, NONE and padding."""
        numbers = [self.numbers[word] for word in self.known(text)][:length] or [NONE]
        return numbers + [PAD] * (length - len(numbers))

    def unknown(self, text: str) -> list[str]:
        """What a text says in words that have no number, each once, in its order; of Chinese the longest runs."""
        found = []
        for (known, chinese), run in groupby(
            split(text), lambda word: (word in self.numbers, is_chinese(word))
        ):
            if not known:
                words = list(run)
                found += ["".join(words)] if chinese else words
        return list(dict.fromkeys(found))

    def save(self, folder: Path) -> None:
        """Write the words beside a model."""
        write_json(folder / FILE, self.words)

    @classmethod
    def load(cls, folder: Path) -> "WordTokenizer":
        """The words of a model's folder."""
        return cls(json.loads((folder / FILE).read_text(encoding="utf-8")))
