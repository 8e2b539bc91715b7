"""What an import has done so far, one JSON line a thing, so that a new process can go on where one was killed."""

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO


class Journal:
    """`journal.jsonl` in the working folder: {"begin", "name", "seconds", "place", "total"} and {"end", ...}.

    `ends` holds what is over by its key; `taken`, in order, what went in: its outcome has the file's sha256.
    """

    def __init__(self, work: Path) -> None:
        self.path = work / "journal.jsonl"
        self.ends = {entry["end"]: entry for entry in self._read() if "end" in entry}
        self.taken = [entry for entry in self.ends.values() if "sha256" in entry]

    def begin(self, key: str, name: str, seconds: float, place: int = 0, total: int = 0) -> None:
        """Say what is tried now, and how many seconds it may take."""
        self._add({"begin": key, "name": name, "seconds": seconds, "place": place, "total": total})

    def end(self, key: str, **outcome: Any) -> None:
        """Say what came of it: refused=[...] and, where it went in, facts about the file."""
        entry = self.ends[key] = {"end": key, **outcome}
        if "sha256" in entry:
            self.taken.append(entry)
        self._add(entry)

    def unfinished(self) -> dict[str, Any] | None:
        """What had begun last when its process ended before it did."""
        last = None
        for entry in self._read():
            last = entry if "begin" in entry else None
        return last

    def last_begun(self) -> dict[str, Any] | None:
        """What is tried now, or was last."""
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - (1 << 16)))
            lines = file.read().decode(errors="replace").splitlines()
        for line in reversed(lines):
            entry = _parse(line)
            if entry and "begin" in entry:
                return entry
        return None

    @cached_property
    def _file(self) -> TextIO:
        # each line is on its way before the next thing is tried
        return self.path.open("a", encoding="utf-8", buffering=1)

    def _add(self, entry: dict[str, Any]) -> None:
        self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def _read(self) -> Iterator[dict[str, Any]]:
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                if entry := _parse(line):
                    yield entry


def _parse(line: str) -> dict[str, Any] | None:
    """The entry, or None where a killed process left half a line."""
    try:
        return json.loads(line)
    except ValueError:
        return None
