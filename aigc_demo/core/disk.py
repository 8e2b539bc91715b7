"""Files that are there wholly or not at all, whatever kills the writer.

Each is written to a temporary name, flushed to disk, then renamed over the old one. Every small file of this
project goes this way too: a state that is safe beside a marker that is not would be no safer than the marker.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` by `data`, or leave it as it was: temporary file, fsync, rename, fsync of the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)  # a full disk keeps the old file, and its last bytes free
        raise
    if os.name == "posix":  # elsewhere a folder cannot be opened, and the rename is durable enough
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def sweep(folder: Path) -> None:
    """Remove what writers that were killed left behind; only for who owns the folder."""
    for path in folder.glob(".*.tmp"):
        path.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as readable UTF-8 JSON, atomically."""
    write_atomically(path, (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode())


def disk_free(folder: Path) -> int:
    """Bytes free where a folder is, or would be made."""
    while not folder.is_dir():
        folder = folder.parent
    return shutil.disk_usage(folder).free
