"""Lines of text files: how long they may be, what is wrong with one, what is cleaned away."""

import re
from collections.abc import Iterator
from typing import TextIO

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.data.imports.limits import MAX_LINE, MAX_NAMED
from aigc_demo.data.imports.manifest import Refused

CHINESE = re.compile("[\u3000-\u303f\u3400-\u9fff\uff00-\uffef“”‘’—…·]")
# control characters, halves of surrogate pairs, byte order marks, and marks that turn the direction of writing
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\u202a-\u202e\u2066-\u2069]")


class BadLineError(InputError):
    """A line that does not go in, and why, in half a sentence."""


class Refusals:
    """The bad lines of one file: the first ones by number, the others counted."""

    def __init__(self, name: str) -> None:
        self.name, self.count = name, 0
        self.named: list[Refused] = []
        self.first: Text | None = None

    def add(self, line: int, reason: BadLineError) -> None:
        """Note a bad line."""
        self.count += 1
        self.first = self.first or Text(f"line {line}: {reason.text.en}", f"第 {line} 行：{reason.text.zh}")
        if self.count <= MAX_NAMED:
            self.named.append(
                Refused(
                    name=f"{self.name}:{line}",
                    en=f"{self.name}, line {line}: {reason.text.en}; the line was left out.",
                    zh=f"{self.name} 第 {line} 行：{reason.text.zh}；已略去该行。",
                )
            )

    def told(self) -> list[Refused]:
        """What there is to say."""
        more = self.count - len(self.named)
        if more == 0:
            return self.named
        words = Refused(
            name=self.name,
            en=f"{self.name}: {more:,} more lines were left out for such reasons.",
            zh=f"{self.name}：另有 {more:,} 行因类似原因被略去。",
        )
        return [*self.named, words]


def clean(text: str) -> str:
    """Text without control characters, with plain line ends and none at its ends."""
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip("\n")


def titled(name: str) -> str:
    """The name of a field or a column as names are compared."""
    return clean(name).strip().lower().replace(" ", "_")


def limited_lines(file: TextIO) -> Iterator[str | None]:
    """The lines of a file with their ends as they are; None in place of one of more than MAX_LINE characters."""
    while line := file.readline(MAX_LINE):
        if len(line) < MAX_LINE or line.endswith(("\n", "\r")):
            yield line
            continue
        while len(line) == MAX_LINE and not line.endswith(("\n", "\r")):
            line = file.readline(MAX_LINE)
        yield None


def lines_or_refusal(file: TextIO, name: str) -> Iterator[str]:
    """The lines of a file; an InputError at one of more than MAX_LINE characters."""
    for line in limited_lines(file):
        if line is None:
            raise InputError(
                en=f"{name} has a line of more than {MAX_LINE:,} characters; break its lines as prose has them.",
                zh=f"{name} 有一行超过 {MAX_LINE:,} 个字符；请像普通文章那样换行。",
            )
        yield line
