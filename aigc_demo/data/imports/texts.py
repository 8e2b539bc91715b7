"""Text files of all kinds to documents, and those to texts.jsonl, which the language models learn from."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.data.imports.layouts import is_conversation, messages_of
from aigc_demo.data.imports.limits import MIN_CHARACTERS
from aigc_demo.data.imports.lines import CHINESE, BadLineError, Refusals, clean, titled
from aigc_demo.data.imports.listing import Item
from aigc_demo.data.imports.manifest import ImportedFile
from aigc_demo.data.imports.pieces import Pieces
from aigc_demo.data.imports.text_files import WORDS, TextFile, look_into, words_in

FEW = 20  # documents: below, the end of each is held out; from there on, whole documents
MAX_PAIRS = 1000  # of equal documents that are named
SEEN_ROWS = 100  # of a table, to find its column of text
COLUMN = Text('Of {name} the column "{column}" was read.', "{name} 读取了“{column}”列。")

Place = tuple[str, int]  # of a document: the key of its file, and its number there


class TextImport(Pieces):
    """Takes files one by one into lines of {"key", "document", "text"}, then writes the data set."""

    def take(self, item: Item) -> dict[str, Any]:
        """Read a file into documents; the facts that `finish` needs of it, and its bad lines."""
        path, size = self.open(item)
        file, refusals = look_into(path, item.name), Refusals(item.name)
        column, remarks = _column(file), file.remarks()
        if column:
            remarks.append(COLUMN.format(name=item.name, column=column))
        documents = 0
        with self.pieces.open("a", encoding="utf-8") as out:
            for number, entry in file.entries(refusals):
                try:
                    cleaned = clean(text_of(entry, column))
                except BadLineError as reason:
                    refusals.add(number, reason)
                    continue
                if cleaned:
                    line = {"key": item.key, "document": number, "text": cleaned}
                    out.write(json.dumps(line, ensure_ascii=False) + "\n")
                    documents += 1
        if documents == 0:
            first = refusals.first or Text("it is empty", "内容为空")
            raise InputError(
                en=f"{item.name} holds no text ({first.en}); give a file with text in it.",
                zh=f"{item.name} 中没有文本（{first.zh}）；请提供有文字的文件。",
            )
        self.size += size
        return {
            "name": item.name,
            "sha256": _sha256(path),
            "bytes": size,
            "refused": [refused.model_dump() for refused in refusals.told()],
            "remarks": [{"name": item.name, **asdict(words)} for words in remarks],
        }

    def finish(self, taken: Sequence[dict[str, Any]], out: Path) -> dict[str, Any]:
        """Split into documents to train on and held-out ones, and write texts.jsonl; the fields of the manifest."""
        names = {entry["end"]: entry["name"] for entry in taken}
        documents = self._documents(names)
        first: dict[str, Place] = {}
        pairs = []
        for place, (digest, _) in documents.items():
            if first.setdefault(digest, place) != place:
                pairs.append((first[digest], place))
        dropped = {second for _, second in pairs} if self.request.drop_duplicates else set()
        kept = {place: facts for place, facts in documents.items() if place not in dropped}
        characters = sum(count for _, count in kept.values())
        if characters < MIN_CHARACTERS:
            raise InputError(
                en=f"There are only {characters} characters of text; give at least {MIN_CHARACTERS:,}, better 100,000.",
                zh=f"文本只有 {characters} 个字符；至少需要 {MIN_CHARACTERS:,} 个，最好 10 万以上。",
            )
        split = choose_split(kept, self.request.validation_share)
        counts, sha256, chinese = self._write(out / "texts.jsonl", kept, split)
        return {
            "files": [self._file(entry, kept, split) for entry in taken],
            "duplicates": [(_called(names, a), _called(names, b)) for a, b in pairs[:MAX_PAIRS]],
            "counts": {**counts, "characters": characters},
            "classes": (),
            "language": "zh" if chinese > 0.2 * characters else "en",
            "sha256": sha256,
        }

    def _documents(self, names: dict[str, str]) -> dict[Place, tuple[str, int]]:
        """(file, document) -> (sha256 of its text, its characters), in order, of the files that went in."""
        digests: dict[Place, Any] = {}
        lengths: dict[Place, int] = {}
        for line in self.lines():
            if line["key"] in names:
                place = line["key"], line["document"]
                digests.setdefault(place, hashlib.sha256()).update(line["text"].encode())
                lengths[place] = lengths.get(place, 0) + len(line["text"])
        return {place: (digest.hexdigest(), lengths[place]) for place, digest in digests.items()}

    def _write(
        self, path: Path, kept: dict[Place, tuple[str, int]], split: dict[Place, str]
    ) -> tuple[dict[str, int], str, int]:
        """texts.jsonl; its documents by split, its sha256, and how many of its characters are Chinese."""
        counts, digest, chinese = {"train": 0, "test": 0}, hashlib.sha256(), 0
        seen: dict[Place, int] = {}
        with path.open("wb") as out:
            for line in self.lines():
                place, text = (line["key"], line["document"]), line["text"]
                if place not in kept:
                    continue
                chinese += len(CHINESE.findall(text))
                for part, test in self._parts(text, seen.get(place, 0), kept[place][1], split[place]):
                    counts["test" if test else "train"] += 1
                    data = (json.dumps({"text": part, "held_out": test}, ensure_ascii=False) + "\n").encode()
                    digest.update(data)
                    out.write(data)
                seen[place] = seen.get(place, 0) + len(text)
            out.flush()
            os.fsync(out.fileno())
        return counts, digest.hexdigest(), chinese

    def _parts(self, text: str, before: int, total: int, split: str) -> Iterator[tuple[str, bool]]:
        """`text`, which `before` characters of its document precede, cut where the held-out end begins."""
        if split != "both":
            yield text, split == "test"
            return
        cut = min(max(round(total * (1 - self.request.validation_share)) - before, 0), len(text))
        newline = text.rfind("\n", cut // 2, cut)  # a line is not torn, unless it is a long one
        cut = newline + 1 if newline > 0 and cut < len(text) else cut
        for part, test in ((text[:cut], False), (text[cut:], True)):
            if part.strip():
                yield part, test

    def _file(
        self,
        entry: dict[str, Any],
        kept: dict[Place, tuple[str, int]],
        split: dict[Place, str],
    ) -> ImportedFile:
        sides = {split[place] for place in kept if place[0] == entry["end"]}
        side = "both" if len(sides) > 1 else next(iter(sides), "dropped")
        return ImportedFile(name=entry["name"], sha256=entry["sha256"], split=side, bytes=entry["bytes"])


def text_of(entry: Any, column: str = "") -> str:
    """The text of an entry: its words, those in the field "text", in a column, or of a whole conversation."""
    if isinstance(entry, str):
        return entry
    if isinstance(entry, dict):
        fields = {titled(str(name)): value for name, value in entry.items()}
        if column and column not in fields:
            raise BadLineError("it has too few columns", "列数不足")
        found = words_in(fields, (column, *WORDS))
        if found is not None:
            return found
    if is_conversation(entry):
        return "\n".join(message["content"] for message in messages_of(entry))
    raise BadLineError('it has no field "text" and is no conversation', "没有 text 字段，也不是对话")


def _column(file: TextFile) -> str:
    """Of a table without a column "text" and without conversations: the title of the one with the longest cells."""
    rows = file.first_entries(SEEN_ROWS) if file.shape == "table" else []
    lengths: dict[str, int] = {}
    for row in rows:
        for title, cell in (row or {}).items():
            lengths[title] = lengths.get(title, 0) + len(cell)
    if set(WORDS) & lengths.keys() or any(map(is_conversation, rows)):
        return ""
    return max(lengths, key=lengths.__getitem__, default="")


def choose_split(documents: dict[Place, tuple[str, int]], share: float) -> dict[Place, str]:
    """Where each document goes: of few documents the end of each is held out, else those of least sha256."""
    if len(documents) < FEW:
        return dict.fromkeys(documents, "both")
    order = sorted(documents, key=lambda place: documents[place][0])
    held = set(order[: max(1, round(share * len(order)))])
    return {place: "test" if place in held else "train" for place in documents}


def _called(names: dict[str, str], place: Place) -> str:
    return f"{names[place[0]]}:{place[1]}" if place[1] else names[place[0]]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(1 << 20):
            digest.update(data)
    return digest.hexdigest()
