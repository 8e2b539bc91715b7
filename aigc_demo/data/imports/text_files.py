"""How text files are read: their encoding, their lines, the texts in .jsonl and .csv, and what is wrong with a line."""

import codecs
import csv
import json
import re
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.data.imports.limits import MAX_LINE, MAX_NAMED
from aigc_demo.data.imports.manifest import Refused

MAX_COLUMNS = 1000
PIECE = 1 << 20  # characters of a long document that are handed on at a time
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
        self.first = self.first or reason.text
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


def encoding_of(path: Path, name: str) -> str:
    """The encoding of a text file: by its byte order mark, else UTF-8, else GB18030 if that reads as Chinese."""
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if wide else ("utf-8", "gb18030"):
        if _decodes(path, encoding):
            return encoding
    raise InputError(
        en=f"{name} is no text in UTF-8, UTF-16 or GB18030; save it as UTF-8.",
        zh=f"{name} 不是 UTF-8、UTF-16 或 GB18030 编码的文本；请另存为 UTF-8。",
    )


def _decodes(path: Path, encoding: str) -> bool:
    """Whether the whole file is text in `encoding`."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while data := file.read(1 << 20):
                text = decoder.decode(data)
                if "\0" in text or (encoding == "gb18030" and not _plausible(text)):
                    return False
            decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _plausible(text: str) -> bool:
    """Whether what GB18030, which makes something of many bytes, made of these is Chinese writing."""
    other = sum(not char.isascii() for char in text)
    return len(CHINESE.findall(text)) >= 0.8 * other


def clean(text: str) -> str:
    """Text without control characters, with plain line ends and none at its ends."""
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip("\n")


def paragraphs(file: TextIO, name: str, refusals: Refusals) -> Iterator[tuple[int, str]]:
    """A plain text as one document, number 0, in pieces of whole lines."""
    lines: list[str] = []
    size = 0
    for line in limited_lines(file):
        if line is None:
            raise InputError(
                en=f"{name} has a line of more than {MAX_LINE:,} characters; break its lines as prose has them.",
                zh=f"{name} 有一行超过 {MAX_LINE:,} 个字符；请像普通文章那样换行。",
            )
        lines.append(line)
        size += len(line)
        if size >= PIECE:
            yield 0, "".join(lines)
            lines, size = [], 0
    yield 0, "".join(lines)


def json_lines(file: TextIO, name: str, refusals: Refusals) -> Iterator[tuple[int, str]]:
    """The texts of a .jsonl file: field "text", or "prompt" and "completion"."""
    for number, line in enumerate(limited_lines(file), 1):
        try:
            if line is None:
                raise _too_long()
            if line.strip():
                yield number, text_of(json.loads(line))
        except BadLineError as reason:
            refusals.add(number, reason)
        except (ValueError, RecursionError):  # a number of millions of digits, brackets by the thousand
            refusals.add(number, BadLineError("it is no JSON object", "不是 JSON 对象"))


def text_of(entry: Any) -> str:
    """The text of one JSON object."""
    if isinstance(entry, dict):
        if isinstance(entry.get("text"), str):
            return entry["text"]
        if isinstance(entry.get("prompt"), str) and isinstance(entry.get("completion"), str):
            return f"{entry['prompt']}\n{entry['completion']}"
    raise BadLineError(
        'it has no field "text", nor "prompt" and "completion"', "没有 text 字段，也没有 prompt 和 completion"
    )


def csv_rows(file: TextIO, name: str, refusals: Refusals) -> Iterator[tuple[int, str]]:
    """The cells of a .csv file's column "text", or of the column with the longest cells."""
    csv.field_size_limit(MAX_LINE)
    header = next(limited_lines(file), "")
    if header is None or len(header) > MAX_LINE >> 4:
        raise InputError(
            en=f"{name} has a header of more than {MAX_LINE >> 4:,} characters; keep the column with the text only.",
            zh=f"{name} 的表头超过 {MAX_LINE >> 4:,} 个字符；请只保留文本列。",
        )
    delimiter = max(",;\t", key=header.count)
    titles = [title.strip().lower() for title in next(csv.reader([header], delimiter=delimiter), [])]
    if len(titles) > MAX_COLUMNS:
        raise InputError(
            en=f"{name} has {len(titles):,} columns; keep the one with the text only.",
            zh=f"{name} 有 {len(titles):,} 列；请只保留文本列。",
        )
    rows = _rows(file, name, delimiter)
    sample = list(islice(rows, 100))
    if "text" in titles:
        column = titles.index("text")
    else:
        column = max(
            range(len(titles)), key=lambda i: sum(len(row[i]) for _, row in sample if i < len(row)), default=0
        )
    for number, row in chain(sample, rows):
        if column < len(row):
            yield number, row[column]
        else:
            refusals.add(number, BadLineError("it has too few columns", "列数不足"))


def _rows(file: TextIO, name: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of the rows after the header."""
    reader = csv.reader((line or "" for line in limited_lines(file)), delimiter=delimiter)
    try:
        for row in reader:
            if row:
                yield reader.line_num + 1, row
    except csv.Error as error:
        raise InputError(
            en=f"{name} has a cell of more than {MAX_LINE:,} characters before line {reader.line_num + 2:,}; close its quotation mark.",
            zh=f"{name} 在第 {reader.line_num + 2:,} 行之前有超过 {MAX_LINE:,} 个字符的单元格；请检查引号是否成对。",
        ) from error


def limited_lines(file: TextIO) -> Iterator[str | None]:
    """The lines of a file; None in place of one of more than MAX_LINE characters."""
    while line := file.readline(MAX_LINE):
        if len(line) < MAX_LINE or line.endswith("\n"):
            yield line
            continue
        while len(line) == MAX_LINE and not line.endswith("\n"):
            line = file.readline(MAX_LINE)
        yield None


def _too_long() -> BadLineError:
    return BadLineError(f"it has more than {MAX_LINE:,} characters", f"超过 {MAX_LINE:,} 个字符")


READERS = {".txt": paragraphs, ".md": paragraphs, ".jsonl": json_lines, ".csv": csv_rows}
