"""Tables of cells, as .csv and .tsv files have them: which sign stands between the cells, how they are quoted, the rows.

Nothing of this is told by a file's name. The first rows are read in each way that programs write them, and the way is
taken in which most titles are known and most rows have as many cells as there are titles.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TextIO

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import NO_TEXT, Text
from aigc_demo.data.imports.limits import MAX_LINE
from aigc_demo.data.imports.lines import BadLineError, Refusals, lines_or_refusal, titled

MAX_COLUMNS = 1000
TRIED = 200  # rows
# the share of rows that fit, from which on a text under known titles is a table whatever it is called
CERTAIN = 0.5
SIGNS = {
    ",": Text("commas", "逗号"),
    ";": Text("semicolons", "分号"),
    "\t": Text("tabs", "制表符"),
    "|": Text("bars", "竖线"),
}
READ_WITH = Text(
    "{name} was read as a table with {sign} between its cells.", "{name} 按以{sign}分隔的表格读取。"
)


@dataclass(frozen=True)
class Dialect:
    """How a table is written: the sign between its cells, other options of csv.reader, the lines before its titles.

    `returns`: its rows end with a carriage return alone, as those of old Macs do.
    """

    sign: str = ","
    options: dict[str, Any] = field(default_factory=dict)
    skipped: int = 0
    returns: bool = False

    def reader(self, lines: Iterator[str]) -> Any:
        """csv's reader of these lines, from the titles on."""
        csv.field_size_limit(MAX_LINE)
        return csv.reader(islice(lines, self.skipped, None), delimiter=self.sign, **self.options)

    def remark(self, name: str) -> Text:
        """What there is to say of it; empty for commas."""
        return NO_TEXT if self.sign == "," else READ_WITH.format(name=name, sign=SIGNS[self.sign])


@dataclass(frozen=True, order=True)
class Fit:
    """How well a way to read a table does: known titles, the share of rows as long as the header, the columns.

    A single column counts half: every sign that is not in a text makes one.
    """

    known: int
    share: float
    columns: int

    @property
    def certain(self) -> bool:
        """Whether it is a table beyond doubt: several columns, a known one among them, most rows fit."""
        return self.known > 0 and self.share >= CERTAIN and self.columns > 1


def dialect_of(sample: str, whole: bool, known: frozenset[str]) -> tuple[Dialect, Fit]:
    """The way in which a table's beginning makes most sense; `whole` where it is all of the table."""
    first = sample[:5].lower()
    hinted = first.startswith("sep=") and first[4:] in SIGNS  # Excel's own line
    signs = first[4:] if hinted else "".join(SIGNS)
    returns = len(re.findall(r"\r(?!\n)", sample)) > sample.count("\n")
    ways = [
        Dialect(sign, options, int(hinted), returns) for sign in signs for options in _options(sample, sign)
    ]
    fits = [_fit(way, sample, whole, known) for way in ways]
    best = max(range(len(ways)), key=fits.__getitem__)
    return ways[best], fits[best]


def _options(sample: str, sign: str) -> list[dict[str, Any]]:
    """The ways to quote, the likeliest first. Tabs and bars are written without any; a backslash must show itself."""
    quoted: dict[str, Any] = {"strict": True}
    bare: dict[str, Any] = {"quoting": csv.QUOTE_NONE}
    escaped = [{**quoted, "doublequote": False, "escapechar": "\\"}, {**bare, "escapechar": "\\"}]
    hint = '\\"' in sample or f"\\{sign}" in sample
    plain = sign in "\t|" and sign in sample.partition("\n")[0]
    return [*(escaped if hint else []), quoted, *([bare] if plain else [])]


def _fit(way: Dialect, sample: str, whole: bool, known: frozenset[str]) -> Fit:
    rows = list(islice(_sound_rows(way.reader(iter(io.StringIO(sample, newline="")))), TRIED + 1))
    if not whole and len(rows) > 2:
        rows.pop()  # it may be cut
    titles, fitting = rows[0] if rows else [], 0
    for row in rows[1:]:
        fitting += len(titles) <= len(row) and not any(row[len(titles) :])
    share = fitting / max(len(rows) - 1, 1) if rows[1:] else 1.0
    several = len(titles) > 1
    names = [titled(title) for title in titles]
    named = all(re.fullmatch(r"\w[\w -]{0,30}", name) for name in names)
    return Fit(len(known & set(names)) if named else 0, share if several else share / 2, len(titles))


def _sound_rows(reader: Any) -> Iterator[list[str]]:
    """The rows that are not blank; one that cannot be read so is empty."""
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield []
            continue
        if row:
            yield row


class Lines:
    """The lines that csv's reader takes, and whether the last one ended as rows do."""

    def __init__(self, lines: Iterator[str], returns: bool) -> None:
        self._lines, self._returns, self.last = lines, returns, ""

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.last = line
            yield line

    @property
    def torn(self) -> bool:
        """Whether it ended with a line break of another kind, as one within a cell may be."""
        return self.last.endswith(("\r", "\n")) and self.last.endswith("\r") != self._returns


def rows_of(
    file: TextIO, name: str, dialect: Dialect, refusals: Refusals
) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, cells by title) of a table's rows."""
    lines = Lines(lines_or_refusal(file, name), dialect.returns)
    reader = dialect.reader(iter(lines))
    titles: list[str] = []
    torn = False
    while True:
        line = reader.line_num + 1 + dialect.skipped
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field limit" in str(error):
                raise _endless(name, line) from error
            refusals.add(line, _UNPAIRED)
            continue
        before, torn = torn, lines.torn
        if not titles:
            titles = _titles(row, name) if row else []
        elif before or torn:
            refusals.add(line, _TORN)
        elif any(row[len(titles) :]):
            refusals.add(line, _too_many(len(row), len(titles)))
        elif row:
            yield line, dict(zip(titles, row, strict=False))


def _titles(row: list[str], name: str) -> list[str]:
    """The titles, each with a name of its own."""
    columns = max(len(row), *(cell.count(sign) + 1 for cell in row[:1] for sign in SIGNS))
    if columns > MAX_COLUMNS:
        raise InputError(
            en=f"{name} has {columns:,} columns; keep the one with the text only.",
            zh=f"{name} 有 {columns:,} 列；请只保留文本列。",
        )
    titles: list[str] = []
    for place, cell in enumerate(row, 1):
        title = titled(cell)
        titles.append(title if title and title not in titles else f"{title or 'column'}_{place}")
    return titles


_TORN = BadLineError(
    "a line break of another kind tears it; put the cell in quotation marks",
    "其中有另一种换行符；请给该单元格加引号",
)
_UNPAIRED = BadLineError("a quotation mark in it has no partner", "其中的引号不成对")


def _too_many(cells: int, titles: int) -> BadLineError:
    return BadLineError(
        f"it has {cells} cells under {titles} titles; put a cell that holds the sign between cells in quotation marks",
        f"有 {cells} 个单元格，而表头只有 {titles} 列；含分隔符的单元格请加引号",
    )


def _endless(name: str, line: int) -> InputError:
    return InputError(
        en=f"{name} has a cell of more than {MAX_LINE:,} characters at line {line:,}; close its quotation mark.",
        zh=f"{name} 在第 {line:,} 行有超过 {MAX_LINE:,} 个字符的单元格；请检查引号是否成对。",
    )
