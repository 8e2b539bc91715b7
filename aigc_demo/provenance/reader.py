"""read(path): recognise the container by its first bytes, walk it, and judge what was found."""

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from aigc_demo.core.encodings import encoding_of
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.provenance import containers, programs, xmp
from aigc_demo.provenance.documents import MAX_DOCUMENT, read_document
from aigc_demo.provenance.schema import PRODUCER, Label, Provenance, Recipe, Statement, parse_json

MAX_FILE = 64 << 20
MAX_LABEL = 16_000

Walker = Callable[[bytes], containers.Blocks]
Model = TypeVar("Model", bound=BaseModel)

CUT = Text(
    en="The file is cut short or damaged; what is said here comes from the part that could be read.",
    zh="文件不完整或已损坏；这里的内容来自可读取的部分。",
)
BROKEN = Text(
    en="The file carries a label or recipe that cannot be read; it may have been edited.",
    zh="文件中有无法读取的标识或配方；它可能被修改过。",
)
CONTRADICTION = Text(
    en="The file carries two labels that contradict each other; the first is shown.",
    zh="文件中有两个互相矛盾的标识；这里显示第一个。",
)
UNLABELLED = Text(
    en="No AI-generated label was found; that does not prove that the file was made without AI.",
    zh="未找到 AI 生成标识；但这并不能证明该文件不是由 AI 生成的。",
)
FOREIGN = Text(
    en="The label is not from this app, so there are no settings to restore.",
    zh="该标识不是由本应用写入的，因此没有可恢复的设置。",
)


def read(path: str | Path) -> Provenance:
    """What the file at `path` says about its making.

    Knows PNG, JPEG, WebP, GIF, MP4, WAV and text (.txt, .md, .json) by content, not by name, and of AVIF and HEIC the name. A file
    without a label gives a Provenance without one. InputError where the file is missing, empty, larger than
    64 MB (4 MB for text) or of another kind.
    """
    path = Path(path)
    data = _load(path)
    if found := _container(data):
        name, walker = found
        said: dict[str, str] = {}
        statements = list(_statements(walker(data), said))
        return _judge(name, statements, programs.find(said))
    return read_said(_as_text(path.name, data))


def read_said(text: str) -> Provenance:
    """What a text says about its making: in its label and recipe, or as the settings of another generator."""
    name, fields = read_document(text)
    return _judge(name, list(_fields(fields)), programs.find({"text": text}))


def _load(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InputError(
            en=f"{path.name} cannot be opened; choose another file.",
            zh=f"无法打开 {path.name}；请选择其他文件。",
        ) from error
    if len(data) > MAX_FILE:
        raise InputError(
            en=f"{path.name} is larger than {MAX_FILE >> 20} MB; choose a smaller file.",
            zh=f"{path.name} 超过 {MAX_FILE >> 20} MB；请选择更小的文件。",
        )
    if not data:
        raise InputError(
            en=f"{path.name} is empty; choose another file.", zh=f"{path.name} 是空文件；请选择其他文件。"
        )
    return data


def _container(data: bytes) -> tuple[str, Walker] | None:
    """The format by its signature, with its walker; None for what may be text."""
    signatures = (
        ("PNG", data.startswith(b"\x89PNG\r\n\x1a\n"), containers.png_blocks),
        ("JPEG", data.startswith(b"\xff\xd8\xff"), containers.jpeg_blocks),
        ("GIF", data.startswith((b"GIF87a", b"GIF89a")), containers.gif_blocks),
        ("WebP", data[:4] == b"RIFF" and data[8:12] == b"WEBP", containers.riff_blocks),
        ("WAV", data[:4] == b"RIFF" and data[8:12] == b"WAVE", containers.riff_blocks),
        ("AVIF", data[4:12] in (b"ftypavif", b"ftypavis"), containers.mp4_blocks),
        ("HEIC", data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1"), containers.mp4_blocks),
        ("MP4", data[4:8] == b"ftyp", containers.mp4_blocks),
    )
    return next(((name, walker) for name, fits, walker in signatures if fits), None)


def _as_text(name: str, data: bytes) -> str:
    with suppress(InputError):
        if len(data) <= MAX_DOCUMENT:
            return encoding_of(io.BytesIO(data), name).decode(data)
    raise InputError(
        en=f"{name} is none of PNG, JPEG, WebP, GIF, MP4, WAV or text up to {MAX_DOCUMENT >> 20} MB;"
        " choose such a file.",
        zh=f"{name} 不是 PNG、JPEG、WebP、GIF、MP4、WAV 或不超过 {MAX_DOCUMENT >> 20} MB 的文本；"
        "请选择这些格式的文件。",
    )


def _statements(blocks: containers.Blocks, said: dict[str, str]) -> Iterator[tuple[str, Any]]:
    """Turn blocks into statements ("label" | "source" | "recipe", parsed value), or ("note", Text).

    What other generators may have written is put into `said`, by the name that it stood under.
    """
    for kind, data in blocks:
        try:
            if kind == "xmp":
                for name, text in xmp.read_packet(data):
                    yield name, text if name == "source" else parse_json(text)
            elif kind in ("label", "recipe"):
                yield kind, parse_json(data.strip(b"\0 \r\n"))
            elif kind == "cut":
                yield "note", CUT
            elif kind.startswith(containers.PROGRAM):
                said.setdefault(kind.removeprefix(containers.PROGRAM), containers.decoded(data))
            else:
                texts = (
                    containers.exif_texts(data) if kind == "exif" else {"Comment": containers.decoded(data)}
                )
                said.update(texts)
                yield from _fields(_json_in(texts.get("UserComment") or texts.get("Comment", "")))
        except (ValueError, UnicodeDecodeError):
            yield "note", BROKEN


def _json_in(words: str) -> dict[str, Any]:
    """The JSON object in a text for people; most comments have none."""
    found = {}
    with suppress(ValueError):
        found = parse_json(words[words.index("{") : words.rindex("}") + 1])
    return found if isinstance(found, dict) else {}


def _fields(fields: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, kind in (("AIGC", "label"), ("digitalSourceType", "source"), ("recipe", "recipe")):
        if key in fields:
            yield kind, fields[key]


def _judge(name: str, statements: list[tuple[str, Any]], other: Statement | None) -> Provenance:
    """The first sound statement of each kind, with notes on what is broken, missing or contradictory."""
    notes = [value for kind, value in statements if kind == "note"]
    labels = _sound(Label, [_unwrapped(value) for kind, value in statements if kind == "label"], notes)
    recipes = _sound(Recipe, [value for kind, value in statements if kind == "recipe"], notes)
    sources = [value for kind, value in statements if kind == "source"]
    source = next((value for value in sources if isinstance(value, str) and 0 < len(value) <= 300), None)
    if any(label != labels[0] for label in labels):
        notes.append(CONTRADICTION)
    found = Provenance(
        format=name,
        label=labels[0] if labels else None,
        source_type=source,
        recipe=recipes[0] if recipes else None,
        statement=None if recipes else other,
    )
    if not found.ai_generated:
        notes.append(UNLABELLED)
    elif found.label and found.label.ContentProducer != PRODUCER:
        notes.append(FOREIGN)
    return found.model_copy(update={"notes": tuple(dict.fromkeys(notes))})


def _sound(model: type[Model], values: list[Any], notes: list[Text]) -> list[Model]:
    """The values that fit `model`; the others leave a note."""
    fitting = []
    for value in values:
        try:
            fitting.append(model.model_validate(value))
        except (ValidationError, RecursionError):
            notes.append(BROKEN)
    return fitting


def _unwrapped(value: Any) -> Any:
    """Some producers write {"AIGC": {...}} under the key AIGC, or the object once more as a string."""
    if isinstance(value, str) and len(value) <= MAX_LABEL:
        with suppress(ValueError):
            value = parse_json(value)
    if isinstance(value, dict) and isinstance(value.get("AIGC"), dict):
        return value["AIGC"]
    return value
