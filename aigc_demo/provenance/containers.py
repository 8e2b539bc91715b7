"""Where the containers keep metadata. No picture, sound or film is decoded here: only lengths are followed.

A walker takes the bytes of a whole file and yields (kind, data) for every block of interest:

    "xmp"      an XMP packet
    "label"    the AIGC object as JSON          "recipe"   the recipe as JSON
    "words"    text meant for people, which may hold the label as JSON
    "program:" and a keyword: a text that other generators write under it (programs/)
    "exif"     a TIFF block
    "cut"      empty data: the file ends in mid-block, or is no such container after all

Lengths come from the file and are not believed: each is held against the bytes that are there, and after
MAX_BLOCKS steps the walk ends. The writers below put our packet where the encoders at hand offer no place.
"""

import struct
import zlib
from collections.abc import Iterator

from aigc_demo.provenance.programs import KEYWORDS

PROGRAM = "program:"

Blocks = Iterator[tuple[str, bytes]]

MAX_BLOCKS = 500_000
MAX_TEXT = 1 << 20  # bytes of one text chunk once decompressed
CUT = ("cut", b"")

JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\x00"
GIF_XMP = b"!\xff\x0bXMP DataXMP"
# A GIF reader that does not know XMP takes the packet's bytes for block lengths and jumps ahead by them;
# wherever it lands in this descending run, it is led to the 0 that ends the extension (XMP part 3, 1.1.2).
GIF_XMP_END = bytes([1, *range(255, -1, -1), 0])
MP4_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
RIFF_KINDS = {b"XMP ": "xmp", b"_PMX": "xmp", b"AIGC": "label", b"EXIF": "exif"}
CODES = (b"ASCII\0\0\0", b"UNICODE\0", b"JIS\0\0\0\0\0", bytes(8))
EXIF_TEXTS = (
    0x010E,
    0x010F,
    0x0110,
    0x0131,
    0x927C,
    0x9286,
)  # description, make, model, software, maker note, comment
NAMED_KINDS = {b"XML:com.adobe.xmp": "xmp", b"AIGC": "label", b"recipe": "recipe", b"Comment": "words"}


def png_blocks(data: bytes) -> Blocks:
    """PNG (ISO/IEC 15948, 11.3.3): length, type, data, CRC; text in tEXt, zTXt and iTXt, EXIF in eXIf."""
    at = 8
    for _ in range(MAX_BLOCKS):
        length, kind = struct.unpack(">I4s", data[at : at + 8].ljust(8, b"\0"))
        body = data[at + 8 : at + 8 + length]
        if kind == b"IEND":
            return
        if len(body) < length or not kind.isalpha():
            yield CUT
            return
        if kind == b"eXIf":
            yield "exif", body
        elif kind in (b"tEXt", b"zTXt", b"iTXt"):
            yield from _png_text(kind, body)
        at += 12 + length


def _named(keyword: bytes) -> str:
    """The kind of a text under this keyword, "" where nobody asks for it."""
    name = keyword.decode("latin-1")
    return NAMED_KINDS.get(keyword, f"{PROGRAM}{name}" if name in KEYWORDS else "")


def _png_text(kind: bytes, body: bytes) -> Blocks:
    keyword, _, rest = body.partition(b"\0")
    named = _named(keyword)
    if not named:
        return
    packed = kind == b"zTXt" or (kind == b"iTXt" and rest[:1] == b"\x01")
    if kind == b"zTXt":
        rest = rest[1:]  # compression method
    elif kind == b"iTXt":
        rest = rest[2:].split(b"\0", 2)[-1]  # flag, method, language, translated keyword
    if packed:
        try:
            rest = zlib.decompressobj().decompress(rest, MAX_TEXT)
        except zlib.error:
            yield CUT
            return
    yield named, rest


def jpeg_blocks(data: bytes) -> Blocks:
    """JPEG (ITU T.81, B.1.1): marker segments up to the scan; XMP and EXIF in APP1, words in COM."""
    at = 2
    for _ in range(MAX_BLOCKS):
        marker = data[at : at + 2]
        if marker == b"\xff\xff":  # a fill byte
            at += 1
            continue
        if marker in (b"\xff\xda", b"\xff\xd9"):
            return
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + length]
        if len(marker) < 2 or marker[0] != 0xFF or length < 2 or len(body) < length - 2:
            yield CUT
            return
        if marker == b"\xff\xe1" and body.startswith(JPEG_XMP):
            yield "xmp", body[len(JPEG_XMP) :]
        elif marker == b"\xff\xe1" and body.startswith(b"Exif\0\0"):
            yield "exif", body[6:]
        elif marker == b"\xff\xfe":
            yield "words", body
        at += 2 + length


def gif_blocks(data: bytes) -> Blocks:
    """GIF (89a specification, 2 and 24 to 26): extensions between the frames; words in comment extensions."""
    at = _gif_start(data)
    for _ in range(MAX_BLOCKS):
        if data.startswith(b";", at):
            return
        if data.startswith(GIF_XMP, at):
            start = at + len(GIF_XMP)
            end = data.find(GIF_XMP_END, start)
            if end < 0:
                break
            yield "xmp", data[start:end]
            at = end + len(GIF_XMP_END)
        elif data.startswith(b"!", at):
            body, after = _gif_sub_blocks(data, at + 2)
            if data.startswith(b"!\xfe", at):
                yield "words", body
            at = after
        elif data.startswith(b",", at) and at + 10 < len(data):
            at += 11 + _gif_table(data[at + 9])  # descriptor, local table, LZW code size
            at = _gif_sub_blocks(data, at)[1]
        else:
            break
    yield CUT


def _gif_start(data: bytes) -> int:
    """The place of the first block: after header, screen descriptor and global colour table."""
    return 13 + _gif_table(data[10] if len(data) > 10 else 0)


def _gif_table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 128 else 0


def _gif_sub_blocks(data: bytes, at: int) -> tuple[bytes, int]:
    """Join the sub-blocks that begin at `at`; with the place after their terminator."""
    parts = []
    for _ in range(MAX_BLOCKS):
        size = data[at] if at < len(data) else 0
        if size == 0:
            return b"".join(parts), at + 1
        parts.append(data[at + 1 : at + 1 + size])
        at += 1 + size
    return b"", len(data)


def riff_blocks(data: bytes) -> Blocks:
    """RIFF, of which WAV and WebP are kinds: identifier, length, data, a pad byte after odd lengths."""
    at = 12
    for _ in range(MAX_BLOCKS):
        if at >= len(data):
            return
        kind, length = struct.unpack("<4sI", data[at : at + 8].ljust(8, b"\xff"))
        body = data[at + 8 : at + 8 + length]
        if len(body) < length:
            yield CUT
            return
        if kind in RIFF_KINDS:
            yield RIFF_KINDS[kind], body.removeprefix(b"Exif\0\0")
        elif kind == b"LIST" and body[:8] == b"INFOICMT":
            yield "words", body[12:].rstrip(b"\0")
        at += 8 + length + length % 2


def mp4_blocks(data: bytes) -> Blocks:
    """MP4 (ISO/IEC 14496-12): nested boxes; keys and values in moov.udta.meta, XMP in a uuid box."""
    for kind, body in _boxes(data):
        if kind == b"moov":
            for inner, user in _boxes(body):
                if inner == b"udta":
                    yield from _mp4_metadata(user)
                elif inner == b"meta":
                    yield from _mp4_keys(user)
        elif kind == b"uuid" and body.startswith(MP4_XMP):
            yield "xmp", body[16:]
        elif kind == b"cut":
            yield CUT


def _mp4_metadata(user: bytes) -> Blocks:
    for kind, body in _boxes(user):
        if kind == b"meta":
            yield from _mp4_keys(body)


def _mp4_keys(meta: bytes) -> Blocks:
    """Join the table of key names with the list of values, whose box types are indices into it from 1."""
    # MP4 counts version and flags before the boxes, QuickTime does not
    parts = dict(_boxes(meta if meta[4:8] == b"hdlr" else meta[4:]))
    names = [name.removeprefix(b"mdta") for name in _key_names(parts.get(b"keys", b""))]
    for index, item in _boxes(parts.get(b"ilst", b"")):
        number = int.from_bytes(index, "big")
        value = dict(_boxes(item)).get(b"data", b"")[8:]  # after type and locale
        if 1 <= number <= len(names) and (named := _named(names[number - 1])):
            yield named, value


def _key_names(keys: bytes) -> Iterator[bytes]:
    at = 8
    while at + 8 <= len(keys) and (length := int.from_bytes(keys[at : at + 4], "big")) >= 8:
        yield keys[at + 4 : at + length]
        at += length


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes that lie side by side in `data`, as (type, body); (b"cut", b"") where one is not whole."""
    at = 0
    for _ in range(MAX_BLOCKS):
        if at >= len(data):
            return
        length, kind = struct.unpack(">I4s", data[at : at + 8].ljust(8, b"\0"))
        header = 8
        if length == 1:  # a 64-bit length follows
            length, header = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif length == 0 and kind != b"\0\0\0\0":  # to the end of the file
            length = len(data) - at
        if length < header or at + length > len(data):
            yield b"cut", b""
            return
        yield kind, data[at + header : at + length]
        at += length


def exif_texts(tiff: bytes) -> dict[str, str]:
    """The texts of an EXIF block by their fields' names, UserComment without its character code.

    ValueError for a broken block.
    """
    from PIL import ExifTags, Image

    exif = Image.Exif()
    try:
        exif.load(b"Exif\0\0" + tiff)
        fields = {**exif, **exif.get_ifd(ExifTags.IFD.Exif)}
    except Exception as error:  # Pillow's TIFF parser raises half a dozen types on broken data
        raise ValueError(f"EXIF: {error}") from None
    texts = {ExifTags.TAGS[tag]: fields[tag] for tag in EXIF_TEXTS if tag in fields}
    return {
        name: value if isinstance(value, str) else _characters(value)
        for name, value in texts.items()
        if isinstance(value, str | bytes) and len(value) <= MAX_TEXT
    }


def _characters(value: bytes) -> str:
    """A comment by its character code (EXIF 2.32, 4.6.5): UTF-16 of either end, for writers differ; else UTF-8 or Latin-1."""
    code, rest = (value[:8], value[8:]) if value[:8] in CODES else (b"", value)
    if code == b"UNICODE\0":
        zeros = rest[::2].count(0), rest[1::2].count(0)
        if rest.startswith((b"\xff\xfe", b"\xfe\xff")):
            return rest.decode("utf-16", "replace")
        if any(zeros):
            return rest.decode("utf-16-be" if zeros[0] > zeros[1] else "utf-16-le", "replace")
    return decoded(rest.rstrip(b"\0"))


def decoded(text: bytes) -> str:
    """Text of a container that says Latin-1 and often holds UTF-8."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def add_gif_xmp(data: bytes, packet: bytes) -> bytes:
    """A GIF with an XMP application extension before its first block."""
    at = _gif_start(data)
    return b"GIF89a" + data[6:at] + GIF_XMP + packet + GIF_XMP_END + data[at:]


def add_riff_chunks(data: bytes, chunks: dict[bytes, bytes]) -> bytes:
    """A RIFF file with further chunks at its end; what players look for stays where it was."""
    for name, body in chunks.items():
        data += name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def mp4_xmp_box(packet: bytes) -> bytes:
    """The box to append to an MP4 file; at the end it shifts no offset in the index."""
    return struct.pack(">I4s", 24 + len(packet), b"uuid") + MP4_XMP + packet
