"""Files meant to harm, for every place that takes a file: {class: {name: bytes}}. Models and programs: code_files.py."""

import io
import json
import struct
import wave
import zlib
from functools import cache

from PIL import Image, PngImagePlugin

from tests.data import hostile
from tests.data.hostile import MEGABYTE, chunk, encoded, picture, png, zipped
from tests.hostile.code_files import CANARY, Files, code, models, numbered
from tests.hostile.parsers import in_png


def labelled(recipe: object, suffix: str = ".png") -> bytes:
    """A picture whose recipe is anything at all."""
    text = recipe if isinstance(recipe, str) else json.dumps(recipe)
    info = PngImagePlugin.PngInfo()
    info.add_itxt("recipe", text)
    info.add_text("AIGC", '{"Label": "1", "ContentProducer": "aigc-demo"}')
    return encoded(picture(50), "PNG", pnginfo=info)


def recipe(request: dict, task: str = "text", **more: object) -> dict:
    """A recipe with this request."""
    return {
        "app": "aigc-demo",
        "version": "1",
        "task": task,
        "model": "gpt-poems",
        "request": request,
        **more,
    }


def recipes() -> Files:
    """Recipes that ask for what must not be."""
    wants = [
        recipe({"model": "../../../etc/passwd"}), recipe({"model": "gpt-poems", "count": 10**9}),
        recipe({"model": "gpt-poems", "max_new_tokens": 10**12}), recipe({"model": "gpt-poems", "prompt": "x" * 50_000}),
        recipe({"model": "gan-digits", "count": 64, "label": ["a"] * 9}, "image"),
        recipe({"model": "gpt-poems", "prompt": "<img src=x onerror=alert(1)>"}), recipe({"model": "gpt-poems", "evil": 1}),
        recipe({"image": "/etc/passwd", "model": "vae-digits"}, "reconstruct"), recipe({}, "__class__"), recipe({}, "train"),
        recipe({"model": "gpt-poems", "temperature": "NaN"}), recipe({"model": "gpt-poems"}, "walk", model="\x1b[31m"),
        recipe({"model": 7}), {"recipe": "no"}, [1, 2], "{", "null", '{"task": "text", "request": NaN}', "[" * 100_000,
        '{"a":' * 50_000, "9" * 9000, '"\\ud800"',
    ]  # fmt: skip
    return numbered("recipe", ".png", [labelled(want) for want in wants]) | {
        "nested.png": labelled("[" * 3000 + "1" + "]" * 3000)
    }


def labels() -> dict[str, Files]:
    """Containers whose metadata lie, in every format that the reader knows."""
    billion = "<!DOCTYPE a [" + "".join(
        f'<!ENTITY {"abcdefghij"[i]} "{("&" + "abcdefghij"[i - 1] + ";") * 10 if i else "lol"}">'
        for i in range(10)
    )
    xmp = [
        "<x",
        billion + "]><a>&j;</a>",
        "<a>" * 100_000,
        "<a " + "b='1' " * 50_000 + "/>",
        "\0" * 9,
        "<?xml encoding='utf-7'?><a/>",
    ]
    xmp += [
        "<a xmlns:x='" + "y" * 500_000 + "'/>",
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        "<a>&#x110000;</a>",
    ]
    packets = [in_png(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + text.encode()) for text in xmp]
    jpeg, gif = encoded(picture(51), "JPEG"), encoded(picture(51), "GIF")
    segments = [
        jpeg[:2] + b"\xff\xe1" + struct.pack(">H", length) + body + jpeg[2:]
        for length, body in (
            (0, b""),
            (1, b"x"),
            (65535, b"short"),
            (8, b"Exif\0\0"),
            (40, b"Exif\0\0II*\0" + b"\xff" * 28),
        )
    ]
    segments += [
        jpeg[:2] + b"\xff" * 200_000,
        jpeg[:2] + b"\xff\xfe\0\2" * 200_000 + jpeg[2:],
        jpeg[:-2] + b"\xff\xd8" * 9,
    ]
    blocks = [
        gif[:13] + b"!\xfe" + b"\xff" * 70_000, gif[:13] + b"!\xff\x0bXMP DataXMP" + b"<" * 70_000, gif[:13] + b"!\xfe\1a" * 9,
        gif[:10] + b"\xff" + gif[11:], gif[:13] + b"!\xfe\0" * 200_000 + gif[13:], gif[:-1], gif + b"\0" * 50_000,
    ]  # fmt: skip
    boxes = [
        struct.pack(">I4s", 8 + len(body), b"ftyp") + body + tail
        for body, tail in (
            (b"", b""), (b"isom", struct.pack(">I4s", 0, b"moov")), (b"isom", struct.pack(">I4sQ", 1, b"moov", 2**63)),
            (b"isom", struct.pack(">I4s", 4, b"moov")), (b"isom", struct.pack(">I4s", 2**32 - 1, b"uuid")),
            (b"isom", struct.pack(">I4s", 8, b"free") * 100_000), (b"isom", nested_boxes(200)),
            (b"isom", struct.pack(">I4sQ", 1, b"uuid", 16) * 9),
        )
    ]  # fmt: skip
    riff = [
        b"RIFF" + struct.pack("<I", size) + kind + tail
        for size, kind, tail in (
            (0, b"WAVE", b""), (2**32 - 1, b"WAVE", b"fmt " + struct.pack("<I", 2**32 - 1)), (4, b"WEBP", b"XMP \xff\xff\xff\xff"),
            (4, b"WEBP", b"EXIF" + struct.pack("<I", 8) + b"II*\0\xff\xff\xff\xff"), (4, b"WAVE", (b"junk" + bytes(4)) * 100_000),
            (4, b"WAVE", b"LIST" + struct.pack("<I", 12) + b"INFOICMT" + b"\xff" * 4), (99, b"AVI ", bytes(90)),
            (4, b"WAVE", b"fmt " + struct.pack("<IHHIIHH", 16, 1, 60_000, 4_000_000_000, 1, 1, 64)),
        )
    ]  # fmt: skip
    long = b"---\n" + b'AIGC: {"Label": "1"}\n' * 50_000 + b"---\n"
    papers = [
        long,
        b'---\nAIGC: {"Label":\n',
        b"{" * 300_000,
        b'{"AIGC": ' * 20_000,
        b'{"AIGC": {"Label": 1e999}}',
        b"\n{}",
    ]
    papers += [
        "\u202e\u2066".encode() * 999,
        b"x\n" + json.dumps({"AIGC": {"Label": "1", "ContentProducer": "x" * 90_000}}).encode(),
    ]
    return {
        "hostile XMP": numbered("xmp", ".png", packets),
        "hostile JPEG segments": numbered("segment", ".jpg", segments),
        "hostile GIF blocks": numbered("block", ".gif", blocks),
        "hostile MP4 boxes": numbered("box", ".mp4", boxes),
        "hostile RIFF chunks": numbered("chunk", ".wav", riff),
        "hostile labelled text": numbered("paper", ".md", papers[:4])
        | numbered("paper", ".json", papers[4:]),
        "hostile EXIF": numbered("exif", ".png", [in_png(b"eXIf", tiff) for tiff in exif_blocks()]),
        "hostile recipe": recipes(),
    }


def nested_boxes(depth: int) -> bytes:
    """MP4 boxes in boxes."""
    body = b""
    for _ in range(depth):
        body = struct.pack(">I4s", 8 + len(body), b"moov") + body
    return body


def exif_blocks() -> list[bytes]:
    """TIFF structures that point at themselves, or out of the block, or at four billion entries."""
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)
    return [
        b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + entry + b"\0" * 4, b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff" + bytes(99),
        b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + struct.pack("<HHII", 0x9286, 7, 2**32 - 1, 8), b"", b"II", b"XX*\0\x08\0\0\0",
    ]  # fmt: skip


def pixels() -> dict[str, Files]:
    """Pictures that cost more than they show, and files that are two things at once."""
    frames = [Image.new("P", (4, 4), i % 255) for i in range(3000)]
    many = {"frames.gif": encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=1)}
    small = [picture(s, 8) for s in range(60, 100)]
    many["frames.webp"] = encoded(small[0], "WEBP", save_all=True, append_images=small[1:])
    many["frames.png"] = encoded(small[0], "PNG", save_all=True, append_images=small[1:])
    plain = encoded(picture(52))
    script, archive = b"/*<script>alert(1)</script>*/", zipped({"../up.png": plain})
    colour = [
        chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(20 * MEGABYTE), 1)),
        chunk(b"PLTE", bytes(7)),
        chunk(b"tRNS", bytes(300)),
    ]
    colour += [
        chunk(b"gAMA", b"\0" * 4),
        chunk(b"acTL", struct.pack(">II", 2**31, 0)),
        chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 0, 0, 0, 0)),
    ]
    turns = []
    for value in (0, 9, 65535):
        exif = Image.Exif()
        exif[0x0112] = value
        turns.append(encoded(picture(53), "JPEG", exif=exif))
    depths = [
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, *fields))
        + chunk(b"IDAT", zlib.compress(bytes(99)))
        + chunk(b"IEND", b"")
        for fields in (
            (8, 9, 0, 0, 0),
            (3, 0, 0, 0, 0),
            (8, 3, 0, 0, 0),
            (16, 6, 0, 0, 7),
            (8, 0, 9, 0, 0),
            (8, 0, 0, 9, 0),
        )
    ]
    bmp = encoded(picture(54), "BMP")
    fields = [
        bmp[:at] + struct.pack("<I", value) + bmp[at + 4 :]
        for at, value in ((10, 2**31), (14, 0), (28, 7), (30, 1), (30, 9), (46, 2**31))
    ]
    return {
        "many frames": many,
        "two things at once": {
            "script.gif": b"GIF89a" + script + encoded(picture(55), "GIF")[6:],
            "tail.png": plain + archive,
            "head.png": archive + plain,
            "page.jpg": encoded(picture(56), "JPEG") + script,
            "paper.png": plain + b"%PDF-1.7",
            "phar.jpg": encoded(picture(56), "JPEG", comment=b"<?php __HALT_COMPILER();"),
        },
        "hostile PNG chunks": numbered(
            "colour", ".png", [png(40, 40, bytes(41 * 40), part) for part in colour]
        ),
        "impossible PNG header": numbered("depth", ".png", depths),
        "impossible BMP header": numbered("field", ".bmp", fields),
        "odd turn": numbered("turn", ".jpg", turns),
    }


def names() -> Files:
    """Sound pictures with names that somebody might run, open or show."""
    risky = [
        "../../up.png", "..\\..\\up.png", "/etc/passwd.png", "C:\\win.png", "CON.png", "NUL", "a" * 300 + ".png", ".png", "-rf.png",
        f"$(touch {CANARY}).png", f"`touch {CANARY}`.png", f"; touch {CANARY} ;.png", f"|touch {CANARY}.png", "a\nb.png", "a\rb.png",
        "<img src=x onerror=alert(1)>.png", "a.png.exe", "\u202egnp.exe", "%2e%2e%2fup.png", "{0}.png", "%s%n.png", "图 片.png", "😀.png",
        "a;b=c.png", 'a"b.png', "a'b.png", ".htaccess", "__init__.py", "~root.png", "*.png",
    ]  # fmt: skip
    return {name: encoded(picture(200 + number)) for number, name in enumerate(risky)}


def words() -> dict[str, Files]:
    """Texts, conversations and captions that are not what they say."""
    turn = {"role": "user", "content": "a"}
    chats = [
        {"messages": []},
        {"messages": [turn]},
        {"messages": [turn] * 5000},
        {"messages": [{"role": "root", "content": "x"}]},
        {"messages": {"a": 1}},
        {"messages": [[turn]]},
        {"conversations": [{"from": "gpt", "value": None}]},
        {"prompt": ["a"], "response": {}},
        {"instruction": "", "output": ""},
    ]
    tables = [
        {"file_name": "../../etc/passwd", "text": "x"},
        {"file_name": 7, "text": []},
        {"file_name": "a.png", "text": "x" * 90_000},
        [1],
        {"a": {"b": 1}},
    ]
    codings = [
        b"+ADw-script+AD4-",
        b"\xfe\xff" + b"\xd8\x00" * 50,
        b"\xff\xfe" + b"\0" * 101,
        "é".encode("latin-1") * 500,
        b"\xef\xbb\xbf",
        b"\x1b$B0!" * 99,
    ]
    shown = [
        "\x1b]0;evil\x07\x1b[2J" * 50,
        "\u202e" * 2000,
        "a" + "\u0301" * 5000,
        "\U000e0041" * 500,
        "﷽" * 2000,
        "\u200b" * 3000,
    ]
    waves = io.BytesIO()
    with wave.open(waves, "wb") as sound:
        sound.setnchannels(1), sound.setsampwidth(2), sound.setframerate(8000)
        sound.writeframes(bytes(2000))
    return {
        "conversation that is none": numbered(
            "chat", ".jsonl", [json.dumps(entry).encode() + b"\n" for entry in chats]
        ),
        "captions that are none": {
            f"{number}/metadata.jsonl.zip": zipped(
                {"metadata.jsonl": json.dumps(entry).encode(), "a.png": encoded(picture(57))}
            )
            for number, entry in enumerate(tables)
        },
        "odd coding": numbered("coding", ".txt", codings),
        "characters that act": numbered("shown", ".txt", [text.encode() for text in shown]),
        "sound as a picture": {
            "sound.png": waves.getvalue(),
            "sound.wav": waves.getvalue(),
            "sound.mp3": b"ID3\4" + b"\x7f" * 90,
        },
    }


@cache
def corpus() -> dict[str, Files]:
    """All classes: those of training data, and those for whoever reads labels, models and names."""
    own = {**labels(), **pixels(), **code(), "hostile name": names(), **models(), **words()}
    return {**hostile.pictures(), **hostile.archives(), **hostile.entries(), **hostile.texts(), **own}
