"""Pairs of one's own: a table of two columns, objects with two fields, or lines with a tab between, made into pairs.jsonl.

titles that are known: source and target, en and zh, 上联 and 下联, 原文 and 译文, text and summary, and their like
without titles:        two columns; the first is the source
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.data.imports.lines import CHINESE, BadLineError, Refusals, clean, lines_or_refusal, titled
from aigc_demo.data.imports.listing import Item
from aigc_demo.data.imports.manifest import ImportedFile
from aigc_demo.data.imports.pieces import Pieces
from aigc_demo.data.imports.text_files import TextFile, look_at_head, look_into
from aigc_demo.data.pairs import Pair, write_pairs

MIN_PAIRS = 20
TRIED = 40  # lines or entries of a file in which pairs are looked for
CERTAIN = 0.9  # share of lines with one tab, from which on a text is a table of two columns
TITLES = (
    ("source", "target"), ("src", "tgt"), ("en", "zh"), ("english", "chinese"), ("text", "summary"), ("poem", "title"),
    ("上联", "下联"), ("上句", "下句"), ("原文", "译文"), ("英文", "中文"), ("英语", "汉语"), ("正文", "摘要"), ("诗", "题"),
)  # fmt: skip


class PairImport(Pieces):
    """Takes files one by one into lines of {"key", "source", "target"}, then writes the data set."""

    def take(self, item: Item) -> dict[str, Any]:
        """Read a file into pairs; the facts that `finish` needs of it, and its bad lines."""
        path, size = self.open(item)
        file, refusals, found = look_into(path, item.name), Refusals(item.name), 0
        with self.pieces.open("a", encoding="utf-8") as out:
            for line, (source, target) in _pairs(file, refusals):
                if not source or not target:
                    refusals.add(line, BadLineError("one of its two texts is missing", "两段文字缺了一段"))
                    continue
                self.add(out, {"key": item.key, "source": source, "target": target})
                found += 1
        if not found:
            first = refusals.first or Text("it has no two columns", "没有两列")
            raise InputError(
                en=f"{item.name} holds no pairs ({first.en}); give a table with two columns, or a tab between two texts.",
                zh=f"{item.name} 中没有成对的文字（{first.zh}）；请提供两列的表格，或用制表符隔开两段文字。",
            )
        self.size += size
        return {
            "name": item.name,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "bytes": size,
            "refused": [refused.model_dump() for refused in refusals.told()],
            "remarks": [{"name": item.name, **asdict(words)} for words in file.remarks()],
        }

    def finish(self, taken: Sequence[dict[str, Any]], out: Path) -> dict[str, Any]:
        """Split into pairs to learn from and held-out ones, and write pairs.jsonl; the fields of the manifest."""
        names = {entry["end"]: entry["name"] for entry in taken}
        read = [line for line in self.lines() if line["key"] in names]
        kept: dict[str, dict[str, Any]] = {}
        for place, line in enumerate(read):
            same = "" if self.request.drop_duplicates else place
            text = f"{same}{line['source']}\n{line['target']}"
            kept.setdefault(hashlib.sha256(text.encode()).hexdigest(), line)
        if len(kept) < MIN_PAIRS:
            raise InputError(
                en=f"There are only {len(kept)} pairs; give at least {MIN_PAIRS}, better some thousands.",
                zh=f"只有 {len(kept)} 对文字；至少需要 {MIN_PAIRS} 对，最好几千对。",
            )
        share = max(1, round(self.request.validation_share * len(kept)))
        held = set(sorted(kept)[:share])  # by sha256, so that the order of the lines does not matter
        counts, sha256 = write_pairs(
            out,
            (
                Pair(line["source"], line["target"], key in held, names[line["key"]])
                for key, line in kept.items()
            ),
        )
        said = "".join(line["source"] + line["target"] for line in kept.values())
        return {
            "files": [
                ImportedFile(name=entry["name"], sha256=entry["sha256"], split="both", bytes=entry["bytes"])
                for entry in taken
            ],
            "counts": {**counts, "characters": len(said)},
            "classes": (),
            "language": "zh" if len(CHINESE.findall(said)) > 0.2 * len(said) else "en",
            "sha256": sha256,
        }


def looks_like_pairs(item: Item) -> bool:
    """Whether a file has two fields of known titles, or two columns with a tab between."""
    found = look_at_head(item)
    try:
        if found is None or found.shape == "subtitles":
            return False
        if found.shape != "prose" and any(map(_fields, found.first_entries(TRIED))):
            return True
        lines = [line for line in found.sample.splitlines() if line.strip()][:TRIED]
        return len(lines) > 2 and sum(map(_is_row, lines)) >= CERTAIN * len(lines)
    except InputError:  # which reading it will explain
        return False


def _pairs(file: TextFile, refusals: Refusals) -> Iterator[tuple[int, tuple[str, str]]]:
    """(line, the two texts), cleaned."""
    by_title = file.shape in ("json", "table") and any(map(_fields, file.first_entries(TRIED)))
    if not by_title and file.shape != "json" and any(map(_is_row, islice(file.sample.splitlines(), TRIED))):
        with file.encoding.open(file.path) as opened:
            for number, line in enumerate(lines_or_refusal(opened, file.name), 1):
                cells = line.rstrip("\r\n").split("\t")
                if line.strip():
                    yield number, (_cleaned(cells[0]), _cleaned(cells[1]) if len(cells) == 2 else "")
        return
    for number, entry in file.entries(refusals):
        cells = _fields(entry)
        if not cells and isinstance(entry, Mapping) and len(entry) == 2:
            cells = tuple(map(str, entry.values()))
        elif not cells and isinstance(entry, list) and len(entry) == 2:
            cells = tuple(map(str, entry))
        yield number, tuple(map(_cleaned, cells)) if len(cells) == 2 else ("", "")


def _fields(entry: Any) -> tuple[str, ...]:
    """The two texts under known titles; empty where there are none."""
    if not isinstance(entry, Mapping):
        return ()
    named = {titled(str(name)): value for name, value in entry.items() if isinstance(value, str)}
    for source, target in TITLES:
        if source in named and target in named:
            return named[source], named[target]
    return ()


def _is_row(line: str) -> bool:
    """Whether a line is two texts with a tab between; a number before a text is no text."""
    return line.count("\t") == 1 and all(any(map(str.isalpha, cell)) for cell in line.split("\t"))


def _cleaned(text: str) -> str:
    return " ".join(clean(text).split())
