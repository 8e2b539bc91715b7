"""Words that a text invents: those which neither the training text nor a word list knows."""

import re
from collections.abc import Iterable, Sequence

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def words_of(text: str) -> list[str]:
    """The words of a text in small letters, with one kind of apostrophe; numbers are none."""
    return [word.lower().replace("’", "'") for word in WORD.findall(text)]


def vocabulary(texts: Iterable[str]) -> set[str]:
    """All the words of some texts, and those before a possessive 's."""
    known = {word for text in texts for word in words_of(text)}
    return known | {word.removesuffix("'s") for word in known}


def invented_share(texts: Sequence[str], known: set[str]) -> float:
    """Share of the words in `texts` that are not in `known`, nor are once a possessive 's is taken off; 0 of no words."""
    words = [word for text in texts for word in words_of(text)]
    return sum(word.removesuffix("'s") not in known and word not in known for word in words) / max(
        len(words), 1
    )
