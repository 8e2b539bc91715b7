"""Everything of the app that reads what strangers send: what a sound input is, and how it is read."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from aigc_demo import media, provenance
from aigc_demo.provenance import Recipe
from aigc_demo.schemas import REQUESTS, as_code, check
from tests.data.hostile import chunk, encoded, picture, zipped
from tests.hostile.model_parsers import (
    SHARDS,
    adapter_settings,
    checkpoint,
    own_run,
    read_run_zip,
    read_tensors,
    read_tokenizer,
    run_zips,
    tensors,
    tokenizers,
)
from tests.hostile.parser import Parser, Read, of_file
from tests.media.profiles import of_grey, of_inks, of_rgb

RECIPE = Recipe(task="text", model="gpt-poems", request={"model": "gpt-poems", "prompt": "春望", "seed": 3})


def labelled_pictures(suffix: str, folder: Path) -> list[bytes]:
    """A picture and a film as the app writes them."""
    pixels = np.asarray(picture(1))
    if suffix in (".mp4", ".gif"):
        return [media.save_animation(np.stack([pixels] * 3), folder / f"a{suffix}", RECIPE).read_bytes()]
    return [media.save_image(pixels, folder / f"a{suffix}", RECIPE).read_bytes()]


def sounds(folder: Path) -> list[bytes]:
    """A labelled WAV file."""
    return [media.save_audio(np.zeros(400, np.float32), 8000, folder / "a.wav", RECIPE).read_bytes()]


def documents(folder: Path) -> list[bytes]:
    """Labelled texts."""
    return [
        media.save_text("Words.", folder / f"a{suffix}", RECIPE).read_bytes()
        for suffix in (".txt", ".md", ".json")
    ]


def in_png(kind: bytes, body: bytes) -> bytes:
    """A PNG whose only block of interest is this one."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(kind, body) + chunk(b"IEND", b"")


def read_xmp(data: bytes, folder: Path) -> Any:
    """An XMP packet, packed where the length of the block is right."""
    text = in_png(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(data, 1))
    return of_file(".png", provenance.read)(text, folder)


def packets(folder: Path) -> list[bytes]:
    """The app's own XMP packet."""
    from aigc_demo.provenance.xmp import write_packet

    return [write_packet(provenance.Provenance.new(RECIPE))]


def read_exif(data: bytes, folder: Path) -> Any:
    """An EXIF block."""
    return of_file(".png", provenance.read)(in_png(b"eXIf", data), folder)


def exif_blocks(folder: Path) -> list[bytes]:
    """EXIF with a comment in it, in both byte orders."""
    exif = Image.Exif()
    exif[0x010E] = "words"
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + b'{"AIGC": {"Label": "1"}}'
    return [exif.tobytes().removeprefix(b"Exif\0\0")]


def links(folder: Path) -> list[bytes]:
    """The recipe of a link, for each task."""
    asked = {"image": "a.png", "messages": [{"role": "user", "content": "hello"}], "text": "hello"}
    return [
        json.dumps(
            {"task": task, "model": "m", **{k: v for k, v in asked.items() if k in kind.model_fields}}
        ).encode()
        for task, kind in REQUESTS.items()
    ]


def read_link(data: bytes, folder: Path) -> Any:
    """A link's recipe, checked as the page checks it."""
    task, values = as_code.read_link(data.decode("utf-8", "replace"))
    return check(REQUESTS[task], values)


def imported(name: str, kind: str) -> Read:
    """What the child does with one uploaded file."""
    from aigc_demo.data.imports.chats import ChatImport, looks_like_chats
    from aigc_demo.data.imports.listing import list_source
    from aigc_demo.data.imports.pictures import PictureImport
    from aigc_demo.data.imports.request import ImportRequest
    from aigc_demo.data.imports.text_files import looks_like_text
    from aigc_demo.data.imports.texts import TextImport

    importers = {"text": TextImport, "chat": ChatImport, "pictures": PictureImport}
    request = ImportRequest(name="mine", consent=True)

    def read(data: bytes, folder: Path) -> None:
        from aigc_demo.core.errors import InputError

        (folder / name).write_bytes(data)
        for leftover in ("pieces.jsonl", "pixels"):
            (folder / leftover).unlink(missing_ok=True)
        importer = importers[kind](folder, request, [])
        refused = None
        for item in list_source(folder / name, 0):
            looks_like_chats(item)
            looks_like_text(item)
            try:
                importer.take(item)
            except InputError as error:
                refused = error
        if kind == "pictures":
            importer.pixels.close()
        if refused:
            raise refused

    return read


TEXT = ("床前明月光，疑是地上霜。\n举头望明月，低头思故乡。\n" * 20).encode()
PROSE = b"It was a dark night, and the words went on.\n" * 20
JSONL = b"".join(json.dumps({"text": f"line {i} of words", "n": i}).encode() + b"\n" for i in range(20))
CSV = b"id,text\n" + b"".join(b'%d,"some words, %d"\n' % (i, i) for i in range(20))
CHATS = [
    b'{"messages": [{"role": "user", "content": "a?"}, {"role": "assistant", "content": "b."}]}\n' * 5,
    b'{"conversations": [{"from": "human", "value": "a?"}, {"from": "gpt", "value": "b."}]}\n' * 5,
    b'{"instruction": "do", "input": "this", "output": "done"}\n' * 5,
]
LISTS = [
    json.dumps(
        [{"instruction": f"do {i}", "output": "done", "history": [["a?", "b."]]} for i in range(9)]
    ).encode(),
    json.dumps(
        {"data": [{"conversations": [{"from": "human", "value": "a?"}, {"from": "gpt", "value": "b."}]}] * 5}
    ).encode(),
]
SUBTITLES = b"".join(
    b"%d\n00:00:%02d,000 --> 00:00:%02d,900\n<i>words</i>\n\n" % (i, i, i) for i in range(1, 20)
)
ENCODED = [TEXT.decode().encode(codec) for codec in ("gb18030", "utf-16", "utf-16-le")] + [
    ("고양이 두 마리는 다리가 몇 개입니까?\n" * 9).encode("euc_kr"),
    ("二匹の猫には足が何本ありますか。\n" * 9).encode("cp932"),
]
CAPTIONS = [b'{"file_name": "a.png", "text": "a cat"}\n' * 5]


def mended(data: bytes) -> bytes:
    """A PNG whose checksums fit what is in it, so that what stands behind them is reached."""
    at, parts = 8, [data[:8]]
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if at + 12 + length > len(data):
            break
        parts.append(chunk(data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return b"".join([*parts, data[at:]])


def read_picture(data: bytes, folder: Path) -> Any:
    """An uploaded picture."""
    (folder / "input.png").write_bytes(mended(data) if data.startswith(b"\x89PNG") else data)
    return media.open_picture(folder / "input.png")


def read_profile(data: bytes, folder: Path) -> Any:
    """A colour profile inside a picture of the kind that it is for, or of another."""
    mode = {b"GRAY": "L", b"CMYK": "CMYK"}.get(data[16:20], "RGB")
    path = folder / "input.tif"
    Image.new(mode, (8, 8)).save(path, icc_profile=data)
    return media.read_upload(path)


def statements(folder: Path) -> list[bytes]:
    """What other generators write, each in its form."""
    from tests.provenance.test_programs import PNGS

    return [json.dumps(texts).encode() for _, texts, _ in PNGS.values()]


def read_statement(data: bytes, folder: Path) -> Any:
    """The texts of a picture by their keywords, or one text under all of them."""
    from aigc_demo.provenance.programs import KEYWORDS, find

    text = data.decode("latin-1")
    try:
        texts = json.loads(text)
    except (ValueError, RecursionError):
        texts = None
    sound = isinstance(texts, dict) and all(isinstance(value, str) for value in texts.values())
    return find(texts if sound else dict.fromkeys((*KEYWORDS, "UserComment", "Comment", "text"), text))


def picture_seeds(kind: str, folder: Path) -> list[bytes]:
    """Small pictures of one format, also with a palette, transparency or several frames."""
    found = [encoded(picture(1), kind), encoded(picture(2, mode="L"), kind)]
    if kind in ("PNG", "GIF"):
        found.append(encoded(picture(3).convert("P"), kind))
    if kind in ("PNG", "WEBP"):
        found.append(encoded(picture(4).convert("RGBA"), kind))
    if kind == "JPEG":
        turned = Image.Exif()
        turned[0x0112] = 6
        found.append(encoded(picture(5), kind, exif=turned, progressive=True))
    return found


def zip_seeds(folder: Path) -> list[bytes]:
    """Pictures in a zip, with captions."""
    files = {"a/1.png": encoded(picture(1, 20)), "b/2.png": encoded(picture(2, 20)), "a/1.txt": b"a cat"}
    return [zipped(files), zipped(files, zipfile.ZIP_STORED)]


def manifests(folder: Path) -> list[bytes]:
    """The record of an imported set."""
    record = {
        "name": "a", "kind": "pictures", "licence": "own", "consent": True, "created": "2026-01-01", "files": [],
        "counts": {"train": 1, "test": 1}, "sha256": "0" * 64,
    }  # fmt: skip
    return [json.dumps(record).encode()]


def read_set(data: bytes, folder: Path) -> Any:
    """The record of an imported set, and its line in lists."""
    from aigc_demo.data.imports.manifest import read_manifest

    (folder / "manifest.json").write_bytes(data)
    return read_manifest(folder)


def read_layers(data: bytes, folder: Path) -> Any:
    """What the Verify tab does with a file."""
    from aigc_demo.actions.verify import check_file
    from aigc_demo.core.settings import Settings

    (folder / "input").write_bytes(mended(data) if data.startswith(b"\x89PNG") else data)
    return check_file(folder / "input", Settings(data_dir=folder / "data", runs_dir=folder / "runs")).facts()


def read_words(data: bytes, folder: Path) -> Any:
    """What the content filter makes of a text."""
    from aigc_demo.core.settings import Settings
    from aigc_demo.safety import check_words

    return check_words([data.decode("utf-8", "replace")], Settings(mode="spaces", data_dir=folder))


def requests(folder: Path) -> list[bytes]:
    """A training request; those of the tasks come with links."""
    return [
        json.dumps(
            {"family": "gan", "data": "digits", "name": "a", "steps": 5, "learning_rate": 0.1}
        ).encode()
    ]


def read_request(data: bytes, folder: Path) -> Any:
    """A training request as a program sends it."""
    from aigc_demo.core.errors import InputError
    from aigc_demo.jobs import TrainRequest

    try:
        values = json.loads(io.BytesIO(data).read())
    except (ValueError, RecursionError) as error:
        raise InputError(en="refused by the framework", zh="由框架拒绝") from error
    return check(TrainRequest, values if isinstance(values, dict) else {})


PARSERS: dict[str, Callable[[], Parser]] = {
    **{
        f"label-{suffix}": partial(
            Parser, partial(labelled_pictures, f".{suffix}"), of_file(f".{suffix}", provenance.read)
        )
        for suffix in ("png", "jpg", "webp", "gif", "mp4")
    },
    "label-wav": lambda: Parser(sounds, of_file(".wav", provenance.read)),
    "label-document": lambda: Parser(documents, of_file(".txt", provenance.read)),
    "label-xmp": lambda: Parser(packets, read_xmp),
    "label-exif": lambda: Parser(exif_blocks, read_exif),
    "verify": lambda: Parser(
        lambda folder: [
            *labelled_pictures(".png", folder),
            *labelled_pictures(".jpg", folder),
            *labelled_pictures(".mp4", folder),
            *documents(folder),
        ],
        read_layers,
    ),
    "filter": lambda: Parser(lambda folder: [TEXT, PROSE, "ｎｕｄｅ\u200b 裸\u0301体".encode()], read_words),
    "link": lambda: Parser(links, read_link),
    "request": lambda: Parser(requests, read_request),
    **{
        f"picture-{kind.lower()}": partial(Parser, partial(picture_seeds, kind), read_picture)
        for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
    },
    "picture-profile": lambda: Parser(lambda folder: [of_rgb(), of_grey(2.2), of_inks()], read_profile),
    "programs": lambda: Parser(statements, read_statement),
    "text-txt": lambda: Parser(lambda folder: [TEXT, PROSE], imported("a.txt", "text")),
    "text-encoded": lambda: Parser(lambda folder: ENCODED, imported("a", "text")),
    "text-srt": lambda: Parser(lambda folder: [SUBTITLES], imported("a.srt", "text")),
    "chat-json": lambda: Parser(lambda folder: LISTS, imported("a.json", "chat")),
    "chat-tsv": lambda: Parser(
        lambda folder: [b"prompt\tresponse\n" + b"a?\tb\n" * 9], imported("a.tsv", "chat")
    ),
    "text-jsonl": lambda: Parser(lambda folder: [JSONL], imported("a.jsonl", "text")),
    "text-csv": lambda: Parser(lambda folder: [CSV], imported("a.csv", "text")),
    "chat-jsonl": lambda: Parser(lambda folder: CHATS, imported("a.jsonl", "chat")),
    "chat-csv": lambda: Parser(
        lambda folder: [b"prompt,response\n" + b'"a?",b\n' * 9], imported("a.csv", "chat")
    ),
    "captions-jsonl": lambda: Parser(lambda folder: CAPTIONS, imported("metadata.jsonl", "pictures")),
    "captions-csv": lambda: Parser(
        lambda folder: [b"file_name,text\n" + b"a.png,a cat\n" * 9], imported("captions.csv", "pictures")
    ),
    "captions-json": lambda: Parser(
        lambda folder: [
            b'{"labels": [["a/0.png", 1], ["a/1.png", [0, 1]]]}',
            b'{"a.png": {"caption": "a cat"}}',
        ],
        imported("dataset.json", "pictures"),
    ),
    "pictures-zip": lambda: Parser(zip_seeds, imported("a.zip", "pictures")),
    "set": lambda: Parser(manifests, read_set),
    "safetensors": lambda: Parser(tensors, of_file(".safetensors", read_tensors)),
    "model-config": partial(checkpoint, "config.json"),
    "model-tokenizer-config": partial(checkpoint, "tokenizer_config.json"),
    "model-card": partial(checkpoint, "README.md"),
    "model-pipeline": partial(checkpoint, "model_index.json"),
    "model-shards": partial(checkpoint, SHARDS),
    "run-card": partial(own_run, "README.md"),
    "run-config": partial(own_run, "config.json"),
    "run-zip": lambda: Parser(run_zips, read_run_zip),
    "adapter-config": lambda: Parser(
        lambda folder: [
            b'{"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 4, "lora_alpha": 8, "target_modules": ["q"],'
            b' "lora_dropout": 0, "bias": "none"}'
        ],
        adapter_settings,
    ),
    "tokenizer": lambda: Parser(tokenizers, read_tokenizer),
}
