"""Files that harm those who trust them: {class: {name: bytes}}. All are made here; none comes from anywhere."""

import io
import json
import pickle  # what a visitor may send is made here, and never read
import struct
import warnings
import zipfile
import zlib
from functools import cache

import numpy as np
from PIL import Image

MEGABYTE = 1 << 20


def picture(seed: int, side: int = 40, mode: str = "RGB") -> Image.Image:
    """A picture unlike those of other seeds."""
    tones = np.random.default_rng(seed).integers(0, 255, (5, 5, 3), dtype=np.uint8)
    return Image.fromarray(tones).resize((side, side), Image.Resampling.BICUBIC).convert(mode)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, pixels: bytes | None = None, *extra: bytes) -> bytes:
    """A grey PNG of any stated size, with one row's worth of pixels unless they are given."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(width + 1) if pixels is None else pixels, 1)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + b"".join(extra)
        + chunk(b"IDAT", body)
        + chunk(b"IEND", b"")
    )


def huge_tiff() -> bytes:
    """A TIFF that states 60 000 x 60 000 pixels."""
    fields = [
        (256, 60000),
        (257, 60000),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, 60000),
        (279, 64),
    ]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields)
    return b"II*\0" + struct.pack("<I", 72) + bytes(64) + struct.pack("<H", len(fields)) + entries + bytes(4)


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def good(seed: int = 900) -> dict[str, bytes]:
    """One picture that is as it should be, for a zip beside its hostile entries."""
    return {f"fine/{seed}.png": encoded(picture(seed))}


@cache
def pictures() -> dict[str, dict[str, bytes]]:
    """Files that claim to be pictures."""
    whole = {kind: encoded(picture(1), kind) for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")}
    gif, bmp, webp = (
        bytearray(whole["GIF"]),
        bytearray(whole["BMP"]),
        bytearray(encoded(picture(2), "WEBP", lossless=True)),
    )
    gif[6:10] = struct.pack("<HH", 60000, 60000)
    bmp[18:26] = struct.pack("<ii", 50000, 50000)
    webp[21:25] = struct.pack("<I", 16382 | 16382 << 14)
    jpeg = bytearray(whole["JPEG"])
    place = jpeg.index(b"\xff\xc0")
    jpeg[place + 5 : place + 9] = struct.pack(">HH", 65000, 65000)
    wrong_sum = bytearray(whole["PNG"])
    wrong_sum[60] ^= 255
    return {
        "decompression bomb": {
            "bomb30000.png": png(30000, 30000),
            "bomb12000.png": png(12000, 12000),
            "bomb9000.png": png(9000, 9000, bytes(9001 * 9000)),
            "bomb.gif": bytes(gif),
            "bomb.bmp": bytes(bmp),
            "bomb.webp": bytes(webp),
            "bomb.jpg": bytes(jpeg),
            "bomb.tiff": huge_tiff(),
        },
        "bomb in a text chunk": {
            "ztxt.png": png(
                40, 40, bytes(41 * 40), chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(100 * MEGABYTE), 1))
            ),
            "itxt.png": png(
                40,
                40,
                bytes(41 * 40),
                chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(70 * MEGABYTE), 1)),
            ),
        },
        "lying header": {
            "taller.png": png(40, 4000, bytes(41 * 40)),
            "nosize.png": png(0, 0, b"\0"),
            "negative.bmp": whole["BMP"][:18] + struct.pack("<ii", -40, 40) + whole["BMP"][26:],
            "sum.png": bytes(wrong_sum),
        },
        "cut short": {f"half.{kind.lower()}": data[: len(data) // 2] for kind, data in whole.items()},
        "signature only": {"only.png": whole["PNG"][:8], "only.jpg": b"\xff\xd8\xff", "only.gif": b"GIF89a"},
        "empty": {"empty.png": b"", "empty.jpg": b""},
        "program": {
            "setup.png": b"MZ" + bytes(500),
            "run.jpg": b"\x7fELF" + bytes(500),
            "go.png": b"#!/bin/sh\nrm -rf /tmp/x\n",
        },
        "pickle": {
            "model.png": pickle.dumps({"a": print}),
            "torch.png": zipped({"archive/data.pkl": pickle.dumps([print])}),
        },
        "markup": {
            "script.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
            "entity.png": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>',
            "page.png": b"<html><script>alert(1)</script></html>",
        },
        "document": {
            "ghost.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 40 40\n(/etc/passwd) (r) file\n",
            "paper.png": b"%PDF-1.7\n1 0 obj<</OpenAction 2 0 R>>endobj\n",
            "paper.docx": zipped({"word/document.xml": b"<x/>"}),
        },
        "format that is not taken": {
            "scan.jp2": encoded(picture(3), "JPEG2000"),
            "phone.heic": b"\0\0\0\x18ftypheic" + bytes(200),
            "camera.nef": encoded(picture(5), "TIFF"),
            "icon.png": encoded(picture(4), "ICO"),
            "film.png": b"\0\0\0\x18ftypmp42" + bytes(200),
            "layers.psd": b"8BPS\0\1" + bytes(200),
        },
        "strip": {
            "wide.png": encoded(Image.new("L", (20000, 1))),
            "tall.png": encoded(Image.new("L", (1, 20000))),
        },
        "archive within": {
            "more.7z": b"7z\xbc\xaf\x27\x1c" + bytes(50),
            "more.tar.gz": b"\x1f\x8b" + bytes(50),
        },
        "noise": {"noise.png": np.random.default_rng(0).bytes(5000), "nul.png": bytes(5000)},
        "text that is no picture": {"list.txt": b"a\nb\n", "labels.csv": b"name,label\n"},
    }


@cache
def archives() -> dict[str, dict[str, bytes]]:
    """Zips that are refused wholly: nothing in them is used."""
    fine = zipped(good())
    end = fine.rindex(b"PK\5\6")
    zip64 = bytearray(fine)
    zip64[end + 8 : end + 20] = b"\xff" * 12
    record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 2**60, 2**60, 2**60, 2**60)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    return {
        "too many entries": {"many.zip": crowd(60_000)},
        "no zip": {"not.zip": b"just words", "empty.zip": b"", "half.zip": fine[: len(fine) // 2]},
        "zip64 lie": {"zip64.zip": bytes(zip64[:end]) + record + locator + bytes(zip64[end:])},
        "states more than it may": {"huge.zip": stated(zipped({"a.png": b"x" * 100}), 0xFFFFFFF0)},
    }


def crowd(count: int) -> bytes:
    """A zip of so many empty files."""
    files, directory = [], []
    for index in range(count):
        name = b"%05d" % index
        fields = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0)
        files.append(b"PK\3\4" + fields + name)
        place = struct.pack("<HHHII", 0, 0, 0, 0, index * (30 + len(name)))
        directory.append(b"PK\1\2" + struct.pack("<H", 20) + fields + place + name)
    body, index = b"".join(files), b"".join(directory)
    end = struct.pack("<HHHHIIH", 0, 0, count & 0xFFFF, count & 0xFFFF, len(index), len(body), 0)
    return body + index + b"PK\5\6" + end


def stated(data: bytes, size: int) -> bytes:
    """The zip with another unpacked size in its directory (APPNOTE 4.3.12: 24 bytes into the entry)."""
    place = data.index(b"PK\1\2") + 24
    return data[:place] + struct.pack("<I", size) + data[place + 4 :]


@cache
def entries() -> dict[str, dict[str, bytes]]:
    """Zips of one good picture and one entry that is refused by its name: {class: {zip: bytes}}."""
    shown = encoded(picture(5))
    link = zipfile.ZipInfo("link.png")
    link.external_attr = 0o120777 << 16
    with_link = io.BytesIO(zipped(good(901)))
    with zipfile.ZipFile(with_link, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for data in (encoded(picture(902)), shown):
            archive.writestr(zipfile.ZipInfo("same.png"), data)
    stored = zipped({"crc.png": shown} | good(903), zipfile.ZIP_STORED)
    method = bytearray(zipped({"method.png": shown} | good(904)))
    for mark, offset in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        place = method.index(mark) + offset
        method[place : place + 2] = struct.pack("<H", 99)
    encrypted = bytearray(zipped({"secret.png": shown} | good(905)))
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        encrypted[encrypted.index(mark) + offset] |= 1
    return {
        "leads out": {
            f"out{index}.zip": zipped({name: shown} | good(910 + index))
            for index, name in enumerate(
                ("../up.png", "a/../../up.png", "/etc/abs.png", "C:\\win.png", "..\\up.png")
            )
        },
        "link": {"link.zip": with_link.getvalue()},
        "name twice": {"twice.zip": twice.getvalue()},
        "wrong checksum": {"crc.zip": stored.replace(shown[40:60], bytes(20), 1)},
        "unknown compression": {"method.zip": bytes(method)},
        "encrypted": {"encrypted.zip": bytes(encrypted)},
        "zip in zip": {"nested.zip": zipped({"inner.zip": zipped(good())} | good(906))},
        "zip bomb": {"bomb.zip": zipped({"zeros.bmp": bytes(100 * MEGABYTE)} | good(907))},
        "lying size": {
            "less.zip": stated(zipped({"less.png": shown} | good(908)), 100),
            "more.zip": stated(zipped({"more.png": shown} | good(909)), 50_000),
        },
    }


@cache
def texts() -> dict[str, dict[str, bytes]]:
    """Files that claim to be texts."""
    word = "words and more words "
    return {
        "binary": {"binary.txt": np.random.default_rng(1).bytes(5000), "nul.txt": b"abc\0def\n" * 50},
        "pickle as text": {"model.txt": pickle.dumps(list(range(1000)))},
        "broken encoding": {
            "mixed.txt": "café à la crème, ñandú\n".encode() * 50 + "café\n".encode("latin-1") * 50,
            "utf16.txt": b"\xff\xfe\x00\xd8\x41\x00" * 50,
            "utf32.txt": word.encode("utf-32") * 20,
        },
        "huge line": {
            "line.txt": word.encode() * 100_000,
            "line.jsonl": json.dumps({"text": "x" * 8 * MEGABYTE}).encode(),
        },
        "deep JSON": {
            "deep.jsonl": b"[" * 200_000 + b"]" * 200_000 + b"\n",
            "deeper.jsonl": b'{"text":' * 100_000,
        },
        "endless number": {"digits.jsonl": b'{"text": ' + b"9" * 900_000 + b"}\n"},
        "no text field": {
            "fields.jsonl": b'{"body": "x"}\n{"text": 3}\n[1]\n"x"\nnull\n',
            "broken.jsonl": b"{not json}\n" * 50,
        },
        "columns": {
            "columns.csv": b",".join([b"a"] * 200_000) + b"\n" + b"x," * 100 + b"\n",
            "many.csv": b",".join([b"a"] * 2000) + b"\nx\n",
        },
        "huge cell": {"cell.csv": b'text\n"' + b"x" * 3 * MEGABYTE + b'"\n'},
        "quote that never ends": {"quote.csv": b'text\n"' + b"never ends,\n" * 200_000},
        "nothing in it": {
            "empty.txt": b"",
            "blank.md": b"\n" * 5000,
            "control.txt": b"\x01\x02\x03" * 500,
            "head.csv": b"text\n",
        },
        "another kind": {
            "page.html": b"<p>words</p>",
            "words.rtf": b"{\\rtf1 words}",
            "photo.png": encoded(picture(6))[:60],
        },
        "archive beside": {"old.zip": zipped({"../out.txt": b"words"}), "pack.rar": b"Rar!" + bytes(50)},
    }


@cache
def oddities() -> dict[str, bytes]:
    """Pictures that look wrong and are right: they must go in."""
    film = [picture(seed, 16).convert("P") for seed in range(20, 24)] * 250
    grey16 = Image.fromarray(np.asarray(picture(30, mode="L")).astype(np.uint16) * 257)
    turned = Image.Exif()
    turned[0x0112] = 6
    return {
        "film.gif": encoded(film[0], "GIF", save_all=True, append_images=film[1:]),
        "cmyk.jpg": encoded(picture(31).convert("CMYK"), "JPEG"),
        "sixteen.png": encoded(grey16),
        "palette.png": encoded(picture(32).convert("P")),
        "palette.gif": encoded(picture(33), "GIF"),
        "bits.png": encoded(picture(34).convert("1")),
        "clear.png": encoded(picture(35).convert("RGBA")),
        "turned.jpg": encoded(picture(36), "JPEG", exif=turned),
        "lossless.webp": encoded(picture(37), "WEBP", lossless=True),
        "wrong name.png": encoded(picture(38), "JPEG"),
        "large.png": png(5000, 5000, (bytes(2501) + b"\xff" * 2500) * 5000),
        "con.png": encoded(picture(40)),
        f"{'long' * 55}.png": encoded(picture(41)),
        "gnp.\u202egnirts.png": encoded(picture(42)),
        "图片 😀.png": encoded(picture(43)),
    }
