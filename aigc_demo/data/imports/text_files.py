"""What is in a text file, by its content: JSON, a table, subtitles or prose; its name only helps where that is open."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TextIO

from aigc_demo.core.encodings import Encoding, encoding_of
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.data.imports.json_values import begins_as_json, inner_value, json_values
from aigc_demo.data.imports.layouts import BESIDE, is_conversation
from aigc_demo.data.imports.lines import Refusals, lines_or_refusal, titled
from aigc_demo.data.imports.listing import Item
from aigc_demo.data.imports.tables import Dialect, dialect_of, rows_of

SEEN = 1 << 16  # bytes or characters of a file that are looked at before it is read
SEEN_TITLES = 1000  # characters of a first line in which a title is looked for
PIECE = 1 << 20  # characters of a long document that are handed on at a time
WORDS = ("text", "content", "paragraphs")  # fields that hold a text
KNOWN = BESIDE | {*WORDS, "file_name"}  # titles that tell a table from prose
JSON_NAMES, TABLE_NAMES = (".json", ".jsonl", ".ndjson"), (".csv", ".tsv", ".tab")
OTHER_NAMES = (
    ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".heic", ".avif", ".ico", ".psd", ".svg", ".eps",
    ".pdf", ".docx", ".doc", ".mp3", ".mp4", ".wav",
)  # fmt: skip
PROSE_NAMES = (".txt", ".md")  # where markup is what somebody means to bring
MARKUP = re.compile(
    r"\s*(<(![a-z-]|\?xml|/?(html|head|body|title|meta|p|div|span|a|br|h[1-6]|ul|ol|table|script|style|svg|rss|feed)\b)"
    r"|\{\\rtf|%PDF|%!PS)",
    re.IGNORECASE,
)
TIMES = re.compile(r"(\d+:)?\d\d:\d\d[,.]\d{3} *--> *(\d+:)?\d\d:\d\d[,.]\d{3}")
SUBTITLES = re.compile(rf"\s*(WEBVTT\b|\d+ *\r?[\r\n]{TIMES.pattern})")
TAGS = re.compile(r"</?[a-z][^>]*>|\{\\[^}]*\}", re.IGNORECASE)

Shape = Literal["json", "table", "subtitles", "prose"]


@dataclass(frozen=True)
class TextFile:
    """A text file that was looked into: how it is encoded, and what its beginning shows."""

    path: Path
    name: str
    encoding: Encoding
    sample: str
    whole: bool

    @cached_property
    def _table(self) -> tuple[Dialect, bool]:
        """How it is written as a table, and whether it must be one."""
        dialect, fit = dialect_of(self.sample, self.whole, KNOWN)
        return dialect, fit.certain

    @cached_property
    def shape(self) -> Shape:
        """What it is. An InputError where it is a document of another program."""
        ending = Path(self.name).suffix.lower()
        if begins_as_json(self.sample):
            return "json"
        if MARKUP.match(self.sample) and ending not in PROSE_NAMES:
            raise InputError(
                en=f"{self.name} is a document with markup, not plain text; save it as plain text.",
                zh=f"{self.name} 是带标记的文档，不是纯文本；请另存为纯文本。",
            )
        if SUBTITLES.match(self.sample):
            return "subtitles"
        first = re.split(r"[,;\t|\"]", re.split(r"[\r\n]", self.sample[:SEEN_TITLES])[0])
        if ending in TABLE_NAMES or (KNOWN & set(map(titled, first)) and self._table[1]):
            return "table"
        return "json" if ending in JSON_NAMES else "prose"

    def remarks(self) -> list[Text]:
        """What there is to say of how it is read."""
        said = [self.encoding.remark(self.name)]
        if self.shape == "table":
            said.append(self._table[0].remark(self.name))
        return [words for words in said if words]

    def entries(self, refusals: Refusals) -> Iterator[tuple[int, Any]]:
        """(line, entry): objects, lists and words of JSON, rows of a table by title, or prose, line 0, in large pieces."""
        with self.encoding.open(self.path) as file:
            yield from self._entries(file, refusals)

    def first_entries(self, count: int) -> list[Any]:
        """Some of the entries that its beginning shows."""
        found = [
            entry
            for _, entry in islice(self._entries(io.StringIO(self.sample, newline=""), Refusals("")), count)
        ]
        return found or [inner_value(self.sample)]

    def _entries(self, file: TextIO, refusals: Refusals) -> Iterator[tuple[int, Any]]:
        if self.shape == "json":
            return json_values(file, refusals, is_entry)
        if self.shape == "table":
            return rows_of(file, self.name, self._table[0], refusals)
        lines = lines_or_refusal(file, self.name)
        return _pieces(_spoken(lines) if self.shape == "subtitles" else lines)


def look_into(path: Path, name: str) -> TextFile:
    """A file on disk; an InputError where it is no text."""
    with path.open("rb") as file:
        encoding = encoding_of(file, name)
    with encoding.open(path) as text:
        sample, whole = text.read(SEEN), not text.read(1)
    return TextFile(path, name, encoding, sample if whole else _rows_end(sample), whole)


def look_at_head(item: Item) -> TextFile | None:
    """The beginning of an item, wherever it lies; None where it is no text."""
    head = item.head(SEEN)
    if not head or Path(item.name).suffix.lower() in OTHER_NAMES:
        return None
    try:
        encoding = encoding_of(io.BytesIO(head), item.name)
    except InputError:
        return None
    sample = encoding.decode(head)
    return TextFile(
        item.path, item.name, encoding, sample if len(head) < SEEN else _rows_end(sample), len(head) < SEEN
    )


def looks_like_text(item: Item) -> bool:
    """Whether an item begins as a text does that may be learnt from."""
    found = look_at_head(item)
    try:
        return found is not None and bool(found.shape)
    except InputError:
        return False


def words_in(fields: Mapping[str, Any], names: Sequence[str] = WORDS) -> str | None:
    """The text in the first of these fields that holds words, or paragraphs of words; None where none does."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
            return "\n".join(value)
        if isinstance(value, str):
            return value
    return None


def is_entry(value: Any) -> bool:
    """Whether a JSON value is one text or one conversation, and no wrapping of several."""
    if isinstance(value, dict) and words_in(value) is not None:
        return not {"role", "from"} & value.keys()
    return is_conversation(value) or isinstance(value, str)


def _rows_end(sample: str) -> str:
    """A sample up to the end of its last whole line."""
    end = max(sample.rfind("\n"), sample.rfind("\r")) + 1
    return sample[:end] or sample


def _pieces(lines: Iterator[str]) -> Iterator[tuple[int, str]]:
    """Lines as one document, number 0, in pieces of whole lines."""
    kept: list[str] = []
    size = 0
    for line in lines:
        kept.append(line)
        size += len(line)
        if size >= PIECE:
            yield 0, "".join(kept)
            kept, size = [], 0
    yield 0, "".join(kept)


def _spoken(lines: Iterator[str]) -> Iterator[str]:
    """What is said in subtitles: without their numbers, times, settings and tags."""
    waiting = True  # for the times of the next one
    for line in lines:
        if TIMES.match(line):
            waiting = False
        elif not line.strip():
            waiting = True
        elif not waiting:
            yield TAGS.sub("", line)
