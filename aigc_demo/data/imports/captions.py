"""What pictures are called: captions that come beside them, and those that their owner writes later.

Beside a picture: a text file of the same name (cat.png, cat.caption or cat.txt), or one table for a whole folder:

    metadata.jsonl    {"file_name": ..., "text": ...} a line, as the hub's image folders have it
    captions.csv      columns file_name, text
    meta_cap.json     {picture: caption} or {picture: {"caption": ...}}, as kohya's trainer has it
    dataset.json      {"labels": [[picture, class], ...]}, as StyleGAN has it: no captions, but classes

In a prepared set: captions.json, {"train": [a caption a picture], "test": [...]}, beside images.safetensors.
"""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from aigc_demo.core.disk import write_json
from aigc_demo.core.errors import InputError
from aigc_demo.data.imports.limits import safe_name
from aigc_demo.data.imports.lines import Refusals, clean, lines_or_refusal
from aigc_demo.data.imports.listing import Item
from aigc_demo.data.imports.manifest import FILE as MANIFEST
from aigc_demo.data.imports.manifest import find_own, read_manifest
from aigc_demo.data.imports.text_files import look_into

FILE = "captions.json"
LONGEST = 1000  # characters of a caption
MOST_BYTES = 8 << 20  # of a file with captions
TABLES = (
    "metadata.jsonl", "captions.jsonl", "metadata.csv", "captions.csv",
    "dataset.json", "metadata.json", "captions.json", "meta_cap.json",
)  # fmt: skip
BESIDE = (".txt", ".caption")
ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif")
PICTURE = ("file_name", "file", "filename", "image", "image_path")
CAPTION = ("text", "caption", "prompt", "tags")

Captions = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Beside:
    """What a file beside pictures says, by the picture's name without its ending; labels None where it is about none."""

    captions: Mapping[str, str]
    labels: Mapping[str, str] | None = None


def holds_captions(item: Item) -> bool:
    """Whether a file beside pictures is there for their captions or classes, by its name."""
    path = PurePosixPath(item.name)
    return path.suffix.lower() in BESIDE or path.name.lower() in TABLES


def read_beside(item: Item, work: Path) -> Beside:
    """What such a file says; an InputError where it cannot be read."""
    path = item.on_disk(work)
    if path.stat().st_size > MOST_BYTES:
        raise InputError(
            en=f"{item.name} is too large for captions; give at most {MOST_BYTES >> 20} MB.",
            zh=f"{item.name} 作为图片说明过大；最多 {MOST_BYTES >> 20} MB。",
        )
    name, file = PurePosixPath(item.inner or item.name), look_into(path, item.name)
    if name.suffix.lower() in BESIDE:
        with file.encoding.open(path) as text:
            return Beside({_bare(stem_of(str(name))): tidy(text.read())})
    try:
        if name.suffix.lower() == ".json":
            with file.encoding.open(path) as text:
                return _whole(json.load(text), name)
        if name.suffix.lower() == ".jsonl":
            with file.encoding.open(path) as text:
                rows = [_pair(json.loads(line)) for line in lines_or_refusal(text, item.name) if line.strip()]
        else:
            rows = [_pair(entry) for _, entry in file.entries(Refusals(item.name))]
    except (ValueError, TypeError, AttributeError, RecursionError, InputError) as error:
        raise _unreadable(item.name) from error
    told = _told(filter(None, rows), name)
    if not told:
        raise _unreadable(item.name)
    return Beside(told)


def _whole(content: Any, name: PurePosixPath) -> Beside:
    """What a JSON table says; ValueError where it says nothing of pictures."""
    if isinstance(content, dict) and "labels" in content:
        labels = content["labels"] or []
        pairs = labels.items() if isinstance(labels, dict) else labels
        return Beside({}, {_beside(name, picture): _class(label) for picture, label in pairs})
    entries = content.items() if isinstance(content, dict) else ((None, entry) for entry in content)
    rows = (_pair(entry if isinstance(entry, dict) else {"text": entry}, key) for key, entry in entries)
    told = _told([row for row in rows if row], name)
    if not told:
        raise ValueError("no captions")
    return Beside(told)


def _class(label: Any) -> str:
    """The name of a class: a number, a word, or the place of the one in a vector; ValueError for other vectors."""
    if isinstance(label, list) and sorted(label) == [0] * (len(label) - 1) + [1]:
        label = label.index(1)
    if isinstance(label, float) and label.is_integer():
        label = int(label)
    if not isinstance(label, int | str):
        raise ValueError("no class")
    return safe_name(str(label), 60)


def _told(rows: Iterable[tuple[str, str]], name: PurePosixPath) -> dict[str, str]:
    return {_beside(name, picture): tidy(text) for picture, text in rows}


def _beside(table: PurePosixPath, picture: str) -> str:
    """The stem of a picture that a table names from its own folder."""
    return stem_of((table.parent / picture.replace("\\", "/")).as_posix())


def _pair(entry: Any, picture: Any = None) -> tuple[str, str] | None:
    """(file name, caption) of one entry; None where it holds neither."""
    if not isinstance(entry, dict):
        return None
    picture = picture or _first(entry, PICTURE)
    text = _first(entry, CAPTION)
    return (picture, text) if isinstance(picture, str) and text is not None else None


def _first(entry: Mapping[Any, Any], keys: Sequence[str]) -> str | None:
    """The first string under one of these keys."""
    return next((entry[key] for key in keys if isinstance(entry.get(key), str)), None)


def stem_of(name: str) -> str:
    """A file's name without its ending, composed, as a picture and what is said of it are held together by."""
    path = PurePosixPath(unicodedata.normalize("NFC", name.replace("\\", "/")))
    return path.with_suffix("").as_posix() if path.name else ""


def _bare(stem: str) -> str:
    """Some name the caption of cat.png cat.png.txt."""
    return stem_of(stem) if stem.lower().endswith(ENDINGS) else stem


def without_picture(stems: Iterable[str], beside: Sequence[tuple[str, Mapping[str, str]]]) -> list[str]:
    """Captions whose picture is missing: the text file of one, else the name that the picture would have.

    `beside` are the files of captions by name, each with what it says of which picture.
    """
    known = set(stems)
    missing = [(file, stem) for file, told in beside for stem in told if stem not in known]
    return sorted(file if file.lower().endswith(BESIDE) else stem for file, stem in missing)


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


def _unreadable(name: str) -> InputError:
    return InputError(
        en=f"{name} holds neither captions nor classes of pictures; each entry has a file_name and a text.",
        zh=f"{name} 中没有图片的说明或类别；每项应有 file_name 和 text。",
    )
