"""What a parser is: it takes bytes and a folder to work in, and may raise InputError and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Read = Callable[[bytes, Path], Any]


@dataclass(frozen=True)
class Parser:
    """`seeds(folder)` are sound inputs; `read(data, folder)` is what the app does with one."""

    seeds: Callable[[Path], list[bytes]]
    read: Read


def of_file(suffix: str, read: Callable[[Path], Any]) -> Read:
    """A parser that reads a file of this name's end."""

    def parse(data: bytes, folder: Path) -> Any:
        path = folder / f"input{suffix}"
        path.write_bytes(data)
        return read(path)

    return parse
