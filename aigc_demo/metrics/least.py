"""How much a figure needs to be told. From less nothing is concluded: no figure, no verdict, no line on a card."""

from collections.abc import Iterable, Sized

LEAST = 8  # pictures, texts or other rows behind a mean, a share, a spread
LEAST_CHARACTERS = 200  # of text behind bits a character


def enough(rows: Sized) -> bool:
    """Whether a figure may be told of so many rows."""
    return len(rows) >= LEAST


def enough_characters(texts: Iterable[str]) -> bool:
    """Whether a figure may be told of so much text."""
    return sum(map(len, texts)) >= LEAST_CHARACTERS
