"""Conversations to learn answers from, of every layout (layouts.py), made alike, in chats.jsonl."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.data.imports.layouts import Messages, is_conversation, messages_of
from aigc_demo.data.imports.limits import MIN_CHATS
from aigc_demo.data.imports.lines import CHINESE, BadLineError, Refusals
from aigc_demo.data.imports.listing import Item
from aigc_demo.data.imports.manifest import ImportedFile
from aigc_demo.data.imports.pieces import Pieces
from aigc_demo.data.imports.text_files import look_at_head, look_into

FILE = "chats.jsonl"
TRIED = 20  # entries of a file in which a conversation is looked for


class ChatImport(Pieces):
    """Takes files one by one into lines of {"key", "messages"}, then writes the data set."""

    def take(self, item: Item) -> dict[str, Any]:
        """Read a file into conversations; the facts that `finish` needs of it, and its bad lines."""
        path, size = self.open(item)
        file, refusals, found = look_into(path, item.name), Refusals(item.name), 0
        if file.shape in ("prose", "subtitles"):
            raise InputError(
                en=f"{item.name} is prose; conversations come as JSON, or as a table with the titles prompt and response.",
                zh=f"{item.name} 是普通文本；对话数据请用 JSON，或表头为 prompt 和 response 的表格。",
            )
        with self.pieces.open("a", encoding="utf-8") as out:
            for line, entry in file.entries(refusals):
                try:
                    piece = {"key": item.key, "messages": messages_of(entry)}
                    out.write(json.dumps(piece, ensure_ascii=False) + "\n")
                    found += 1
                except BadLineError as reason:
                    refusals.add(line, reason)
        if not found:
            first = refusals.first or Text("it is empty", "内容为空")
            raise InputError(
                en=f"{item.name} holds no conversation ({first.en}).",
                zh=f"{item.name} 中没有对话（{first.zh}）。",
            )
        self.size += size
        return {
            "name": item.name,
            "sha256": _sha256(path.read_bytes()),
            "bytes": size,
            "refused": [refused.model_dump() for refused in refusals.told()],
            "remarks": [{"name": item.name, **asdict(words)} for words in file.remarks()],
        }

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
    """Whether one of the first entries of a file is laid out as a conversation."""
    found = look_at_head(item)
    try:
        return found is not None and any(map(is_conversation, found.first_entries(TRIED)))
    except InputError:  # which reading it will explain
        return False


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
