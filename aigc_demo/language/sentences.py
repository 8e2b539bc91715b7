"""Long texts in parts that a model reads at once, cut between sentences."""

import re
from collections.abc import Callable, Iterator

# up to the marks that end a sentence, with closing quotes and the space behind; a Latin stop needs a space: 3.14
SENTENCE = re.compile(r".+?(?:[。！？；…]+[”’」』）]*|[.!?]+[\"'”’)\]]*(?=\s)|\n|$)\s*", re.DOTALL)


def cut(text: str, length: Callable[[str], int], limit: int) -> list[str]:
    """Parts whose concatenation is `text`, each of `length(part)` <= limit where that can be; a part ends a paragraph."""
    parts: list[str] = []
    for sentence in SENTENCE.findall(text):
        for piece in _broken(sentence, length, limit):
            fits = parts and "\n" not in _behind(parts[-1]) and length(parts[-1] + piece) <= limit
            if fits or (parts and not piece.strip()):
                parts[-1] += piece
            else:
                parts.append(piece)
    return parts


def _broken(sentence: str, length: Callable[[str], int], limit: int) -> Iterator[str]:
    """A sentence whole, or halved between words, else between characters, until it fits."""
    if length(sentence) <= limit or len(sentence) < 2:
        yield sentence
        return
    middle = len(sentence) // 2
    space = sentence.rfind(" ", 1, middle) + 1
    place = space if space > middle // 2 else middle
    yield from _broken(sentence[:place], length, limit)
    yield from _broken(sentence[place:], length, limit)


def _behind(part: str) -> str:
    """The space that a part ends in."""
    return part[len(part.rstrip()) :]
