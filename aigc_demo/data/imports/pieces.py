"""What imports of writing share: what they read waits as lines of JSON in the work folder until all files are in."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from aigc_demo.data.imports.limits import MAX_TEXT, too_big
from aigc_demo.data.imports.listing import Item
from aigc_demo.data.imports.request import ImportRequest


class Pieces:
    """Files become lines of `pieces`, each with the key of its file; `taken` are the files of an earlier process."""

    def __init__(self, work: Path, request: ImportRequest, taken: Sequence[dict[str, Any]]) -> None:
        self.work, self.request = work, request
        self.pieces = work / "pieces.jsonl"
        self.size = sum(entry["bytes"] for entry in taken)

    def open(self, item: Item) -> tuple[Path, int]:
        """Where a file lies, and its bytes; an InputError where they would be more than a data set may have."""
        path = item.on_disk(self.work)
        size = path.stat().st_size
        if self.size + size > MAX_TEXT:
            raise too_big(item.name, size, MAX_TEXT)
        return path, size

    @staticmethod
    def add(out: TextIO, piece: dict[str, Any]) -> None:
        """Write one piece to the opened `pieces`."""
        out.write(json.dumps(piece, ensure_ascii=False) + "\n")

    def lines(self) -> Iterator[dict[str, Any]]:
        """All that was read."""
        with self.pieces.open(encoding="utf-8") as file:
            for line in file:
                try:
                    yield json.loads(line)
                except ValueError:  # half a line of a process that was killed; its file counts as refused
                    continue
