"""What pictures are called: captions that come beside them, and those that their owner writes later.

Beside a picture: a text file of the same name (cat.png, cat.txt), or one table for a whole folder, metadata.jsonl
({"file_name": ..., "text": ...} a line, as the hub's image folders have it) or captions.csv (columns file_name, text).
In a prepared set: captions.json, {"train": [a caption a picture], "test": [...]}, beside images.safetensors.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from aigc_demo.core.disk import write_json
from aigc_demo.core.errors import InputError
from aigc_demo.data.imports.lines import Refusals, clean
from aigc_demo.data.imports.listing import Item
from aigc_demo.data.imports.manifest import FILE as MANIFEST
from aigc_demo.data.imports.manifest import find_own, read_manifest
from aigc_demo.data.imports.text_files import look_into

FILE = "captions.json"
LONGEST = 1000  # characters of a caption
MOST_BYTES = 8 << 20  # of a file with captions
TABLES = ("metadata.jsonl", "captions.jsonl", "metadata.csv", "captions.csv")

Captions = Mapping[str, Sequence[str]]


def holds_captions(item: Item) -> bool:
    """Whether a file beside pictures is there for their captions, by its name."""
    path = PurePosixPath(item.name)
    return path.suffix.lower() == ".txt" or path.name.lower() in TABLES


def read_beside(item: Item, work: Path) -> dict[str, str]:
    """The captions in a file, by the picture's name without its ending; an InputError where it cannot be read."""
    path = item.on_disk(work)
    if path.stat().st_size > MOST_BYTES:
        raise InputError(
            en=f"{item.name} is too large for captions; give at most {MOST_BYTES >> 20} MB.",
            zh=f"{item.name} 作为图片说明过大；最多 {MOST_BYTES >> 20} MB。",
        )
    name, file = PurePosixPath(item.name), look_into(path, item.name)
    if name.suffix.lower() == ".txt":
        with file.encoding.open(path) as text:
            return {_stem(name): tidy(text.read())}
    try:
        rows = [_row(entry) for _, entry in file.entries(Refusals(item.name))]
    except InputError as error:
        raise _unreadable(item.name) from error
    told = {_stem(name.parent / row[0]): tidy(row[1]) for row in rows if row}
    if not told:
        raise _unreadable(item.name)
    return told


def _row(entry: Any) -> tuple[str, str] | None:
    """(file name, caption) of an entry of a table; None of one that holds neither."""
    picture, text = (
        (entry.get(key) for key in ("file_name", "text")) if isinstance(entry, dict) else (None, None)
    )
    return (picture, text) if isinstance(picture, str) and isinstance(text, str) else None


def of_picture(name: str, captions: Mapping[str, str]) -> str:
    """The caption for the picture of this name; "" where there is none."""
    return captions.get(_stem(PurePosixPath(name)), "")


def without_picture(names: Sequence[str], beside: Sequence[tuple[str, Mapping[str, str]]]) -> list[str]:
    """Captions whose picture is missing: the text file of one, else the name that the picture would have.

    `beside` are the files of captions by name, each with what it says of which picture.
    """
    known = {_stem(PurePosixPath(name)) for name in names}
    missing = [(file, stem) for file, told in beside for stem in told if stem not in known]
    return sorted(file if file.lower().endswith(".txt") else stem for file, stem in missing)


def tidy(text: str) -> str:
    """A caption on one line, without control characters, cut."""
    return " ".join(clean(text).split())[:LONGEST]


def digest(pixels: str, captions: Captions) -> str:
    """The sha256 of a set's content: that of its pixels alone where it has no captions."""
    if not any(any(part) for part in captions.values()):
        return pixels
    return hashlib.sha256(f"{pixels}{json.dumps(captions, sort_keys=True)}".encode()).hexdigest()


def read_captions(name: str | None, data_dir: Path) -> dict[str, list[str]]:
    """The captions of an own set of pictures, "" for a picture without; an InputError where it is no such set."""
    folder = find_own(name, data_dir)
    manifest = read_manifest(folder)
    if manifest.kind != "pictures":
        raise InputError(
            en=f"{name} holds no pictures; only pictures have captions.",
            zh=f"{name} 中没有图片；只有图片才有说明。",
        )
    if (folder / FILE).is_file():
        return json.loads((folder / FILE).read_text(encoding="utf-8"))
    return {split: [""] * manifest.counts[split] for split in ("train", "test")}


def write_captions(name: str | None, data_dir: Path, captions: Mapping[str, Sequence[Any]]) -> int:
    """Give an own set of pictures these captions; how many of the pictures have one now.

    The set's content has changed then: a run that was begun on it does not go on with other captions.
    """
    before = read_captions(name, data_dir)
    told = {split: [tidy(str(text or "")) for text in captions.get(split, ())] for split in before}
    if any(len(told[split]) != len(before[split]) for split in before):
        raise InputError(
            en=f"{name} has {sum(map(len, before.values()))} pictures, one line each; open the captions again.",
            zh=f"{name} 共有 {sum(map(len, before.values()))} 张图片，每张一行；请重新打开图片说明。",
        )
    folder = find_own(name, data_dir)
    manifest = read_manifest(folder)
    pixels = manifest.settings.get("pixels_sha256") or manifest.sha256
    count = sum(bool(text) for part in told.values() for text in part)
    changed = {
        "settings": {**manifest.settings, "pixels_sha256": pixels},
        "counts": {**manifest.counts, "captions": count},
        "sha256": digest(pixels, told),
    }
    write_json(folder / FILE, told)
    write_json(folder / MANIFEST, manifest.model_copy(update=changed).model_dump(mode="json", by_alias=True))
    return count


def _stem(path: PurePosixPath) -> str:
    return path.with_suffix("").as_posix() if path.name else ""


def _unreadable(name: str) -> InputError:
    return InputError(
        en=f"{name} holds no captions; each line has a file_name and a text.",
        zh=f"{name} 中没有图片说明；每行应有 file_name 和 text。",
    )
