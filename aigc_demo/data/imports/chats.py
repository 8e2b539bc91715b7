"""Conversations to learn answers from: lines of .jsonl or rows of .csv, made alike, in chats.jsonl.

A line is {"messages": [{"role", "content"}, ...]}, {"conversations": [{"from", "value"}, ...]}, or a question and its
answer: {"prompt", "response"}, {"instruction", "input", "output"}, {"question", "answer"}. A .csv has such columns.
"""

import csv
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.data.imports.limits import MAX_LINE, MIN_CHATS
from aigc_demo.data.imports.listing import Item
from aigc_demo.data.imports.manifest import ImportedFile
from aigc_demo.data.imports.pieces import Pieces
from aigc_demo.data.imports.text_files import (
    CHINESE,
    BadLineError,
    Refusals,
    clean,
    encoding_of,
    limited_lines,
)

FILE = "chats.jsonl"
ASKING, ANSWERING = ("prompt", "instruction", "question"), ("response", "output", "answer", "completion")
ROLES = {"human": "user", "gpt": "assistant", "user": "user", "assistant": "assistant", "system": "system"}
MOST_TURNS = 100
SEEN = 1 << 16  # bytes of a file in which its first line is looked for

Messages = list[dict[str, str]]


class ChatImport(Pieces):
    """Takes files one by one into lines of {"key", "messages"}, then writes the data set."""

    def take(self, item: Item) -> dict[str, Any]:
        """Read a file into conversations; the facts that `finish` needs of it, and its bad lines."""
        suffix = Path(item.name).suffix.lower()
        if suffix not in READERS:
            raise InputError(
                en=f"{item.name} is no .jsonl or .csv file; conversations come in one of these.",
                zh=f"{item.name} 不是 .jsonl 或 .csv 文件；对话数据请用这两种格式。",
            )
        path, size = self.open(item)
        refusals, found = Refusals(item.name), 0
        with (
            path.open(encoding=encoding_of(path, item.name), newline="") as file,
            self.pieces.open("a", encoding="utf-8") as out,
        ):
            for messages in READERS[suffix](file, refusals):
                out.write(json.dumps({"key": item.key, "messages": messages}, ensure_ascii=False) + "\n")
                found += 1
        if not found:
            first = refusals.first or Text("it is empty", "内容为空")
            raise InputError(
                en=f"{item.name} holds no conversation ({first.en}).",
                zh=f"{item.name} 中没有对话（{first.zh}）。",
            )
        self.size += size
        told = [refused.model_dump() for refused in refusals.told()]
        return {"name": item.name, "sha256": _sha256(path.read_bytes()), "bytes": size, "refused": told}

    def finish(self, taken: Sequence[dict[str, Any]], out: Path) -> dict[str, Any]:
        """Split into conversations to learn from and held-out ones, and write chats.jsonl; the fields of the manifest."""
        known = {entry["end"] for entry in taken}
        chats = [line["messages"] for line in self.lines() if line["key"] in known]
        kept: dict[str, Messages] = {}
        for place, chat in enumerate(chats):
            same = "" if self.request.drop_duplicates else place
            kept.setdefault(_sha256(f"{same}{json.dumps(chat)}".encode()), chat)
        if len(kept) < MIN_CHATS:
            raise InputError(
                en=f"There are only {len(kept)} conversations; give at least {MIN_CHATS}, better 100 or more.",
                zh=f"只有 {len(kept)} 段对话；至少需要 {MIN_CHATS} 段，最好 100 段以上。",
            )
        share = max(1, round(self.request.validation_share * len(kept)))
        held = set(sorted(kept)[:share])  # by sha256, so that the order of the lines does not matter
        lines = [{"messages": chat, "held_out": digest in held} for digest, chat in kept.items()]
        data = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
        with (out / FILE).open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        said = "".join(turn["content"] for chat in kept.values() for turn in chat)
        return {
            "files": [
                ImportedFile(name=entry["name"], sha256=entry["sha256"], split="both", bytes=entry["bytes"])
                for entry in taken
            ],
            "counts": {"train": len(kept) - len(held), "test": len(held), "characters": len(said)},
            "classes": (),
            "language": "zh" if len(CHINESE.findall(said)) > 0.2 * len(said) else "en",
            "sha256": _sha256(data),
        }


def looks_like_chats(item: Item) -> bool:
    """Whether a file's first line is a conversation. A prompt with its completion may be plain text just as well."""
    suffix = Path(item.name).suffix.lower()
    first = item.head(SEEN).decode("utf-8", "ignore").lstrip("\ufeff").partition("\n")[0]
    if suffix == ".csv":
        titles = {title.strip().strip('"').lower() for title in first.split(",")}
        return bool(titles & set(ASKING)) and bool(titles & set(ANSWERING))
    try:
        entry = json.loads(first) if suffix == ".jsonl" else {}
    except (ValueError, RecursionError):
        return False
    if not isinstance(entry, dict) or "text" in entry or {"prompt", "completion"} <= set(entry):
        return False
    return bool(set(entry) & {"messages", "conversations"}) or bool(set(entry) & set(ANSWERING))


def messages_of(entry: Any) -> Messages:
    """The messages of one line, cleaned: perhaps the system's, then the user's and the assistant's by turns."""
    if not isinstance(entry, Mapping):
        raise BadLineError("it is no JSON object", "不是 JSON 对象")
    turns = list(_turns(entry))
    roles = [turn["role"] for turn in turns]
    asked = roles[1:] if roles[:1] == ["system"] else roles
    wanted = [("user", "assistant")[place % 2] for place in range(len(asked))]
    if (
        len(asked) < 2
        or asked != wanted
        or not all(turn["content"] for turn in turns)
        or len(turns) > MOST_TURNS
    ):
        raise BadLineError(
            "it is no conversation of user and assistant by turns", "不是用户与助手轮流发言的对话"
        )
    return turns if asked[-1] == "assistant" else turns[:-1]


def _turns(entry: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The turns of an entry of any of the known forms."""
    listed = entry.get("messages") or entry.get("conversations")
    if isinstance(listed, list):
        for turn in listed[: MOST_TURNS + 1]:
            if not isinstance(turn, Mapping):
                raise BadLineError("a message is no object", "有消息不是对象")
            yield _turn(turn.get("role", turn.get("from")), turn.get("content", turn.get("value")))
        return
    if entry.get("system"):
        yield _turn("system", entry["system"])
    asked = next((entry[key] for key in ASKING if entry.get(key)), None)
    more = entry.get("input")
    yield _turn(
        "user", f"{asked}\n{more}" if isinstance(asked, str) and isinstance(more, str) and more else asked
    )
    yield _turn("assistant", next((entry[key] for key in ANSWERING if entry.get(key)), None))


def _turn(role: Any, content: Any) -> dict[str, str]:
    if role not in ROLES or not isinstance(content, str):
        raise BadLineError(
            "it has neither messages nor a prompt and a response in words",
            "既没有 messages，也没有文字的 prompt 与 response",
        )
    return {"role": ROLES[role], "content": clean(content).strip()}


def json_chats(file: TextIO, refusals: Refusals) -> Iterator[Messages]:
    """The conversations of a .jsonl file."""
    for number, line in enumerate(limited_lines(file), 1):
        try:
            if line is None:
                raise BadLineError(f"it has more than {MAX_LINE:,} characters", f"超过 {MAX_LINE:,} 个字符")
            if line.strip():
                yield messages_of(json.loads(line))
        except BadLineError as reason:
            refusals.add(number, reason)
        except (ValueError, RecursionError):
            refusals.add(number, BadLineError("it is no JSON object", "不是 JSON 对象"))


def csv_chats(file: TextIO, refusals: Refusals) -> Iterator[Messages]:
    """The conversations of a .csv file with a header."""
    csv.field_size_limit(MAX_LINE)
    reader = csv.DictReader(line or "" for line in limited_lines(file))
    reader.fieldnames = [title.strip().lower() for title in (reader.fieldnames or [])[:100]]
    try:
        for row in reader:
            try:
                yield messages_of({title: text for title, text in row.items() if title})
            except BadLineError as reason:
                refusals.add(reader.line_num, reason)
    except csv.Error as error:
        raise InputError(
            en=f"A cell before line {reader.line_num + 2:,} is too long; close its quotation mark.",
            zh=f"第 {reader.line_num + 2:,} 行之前有单元格过长；请检查引号是否成对。",
        ) from error


READERS = {".jsonl": json_chats, ".csv": csv_chats}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
