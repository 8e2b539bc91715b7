"""What the files in a zip are called. Only some packers say that a name is UTF-8; the others write their country's encoding.

One packer wrote them all, so they are read together: each language's alphabet is held against all that its encoding
makes of the bytes, and where several fit alike, charset-normalizer judges which text is the least of a mess.
"""

import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence

from aigc_demo.core.words import NO_TEXT, Text

UTF8_NAME = 0x800  # flag of a zip entry (APPNOTE 4.4.4, bit 11)
UNICODE_PATH = 0x7075  # extra field of a zip entry (APPNOTE 4.6.9): the name once more, in UTF-8
STANDARD = "cp437"  # of names without the flag (APPNOTE, appendix D), as zipfile reads them
LEAST = 0.75  # share of the letters that an alphabet has to know, for its encoding to be taken
NEAR = 0.1  # Eastern encodings whose scores differ by less are told apart by the mess alone
WESTERN = "äöüßàâçéèêëîïôùûœáíóúñåæøãõìò¿¡ºª"
# Encodings as systems of these languages write them, the commonest first, with the letters beyond ASCII.
ALPHABETS = (
    ("cp437", WESTERN.translate(dict.fromkeys(map(ord, "ãõøœ")))),
    ("cp850", WESTERN), ("cp1252", WESTERN),
    ("cp852", "ąćęłńóśźż"), ("cp852", "áčďéěíňóřšťúůýž"), ("cp852", "áéíóöőúüű"), ("cp852", "čćđšž"), ("cp852", "ăâîșțşţ"),
    ("cp1250", "ąćęłńóśźż"), ("cp1250", "áčďéěíňóřšťúůýž"), ("cp1250", "áéíóöőúüű"),
    ("cp857", "çğıöşüİ"), ("cp1254", "çğıöşüİ"),
    ("cp866", "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"), ("cp1251", "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґ"),
    ("cp737", "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώ"), ("cp1253", "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώ"),
    ("cp862", "אבגדהוזחטיךכלםמןנסעףפץצקרשת"), ("cp1255", "אבגדהוזחטיךכלםמןנסעףפץצקרשת"),
    ("cp874", "".join(map(chr, (*range(0x0E01, 0x0E3B), *range(0x0E40, 0x0E4F))))),
)  # fmt: skip
EASTERN = ("gb18030", "big5hkscs", "cp932", "cp949")
# hangul syllables end so now and then only: kk, ks, nj, nh, lg ... lh, bs, ss, j, ch, k, t, p, h (Unicode 3.12)
RARE_ENDS = frozenset((2, 3, 5, 6, 9, 10, 11, 12, 13, 14, 15, 18, 22, 23, 24, 25, 26, 27))

READ_AS = Text(
    "The names in {name} do not say how they are written; they were read as {encoding}.",
    "{name} 中的文件名没有注明编码；已按 {encoding} 读取。",
)


def names_in(entries: Sequence[zipfile.ZipInfo]) -> tuple[list[str], str]:
    """The entries' names, composed (NFC), and the encoding that was found for those that do not say theirs, "" for none."""
    told = [_told(entry) for entry in entries]
    silent = [
        entry.filename.encode(STANDARD) for entry, name in zip(entries, told, strict=True) if name is None
    ]
    found = encoding_of(silent) if silent else ""
    rest = iter(silent)
    names = [next(rest).decode(found) if name is None else name for name in told]
    return [unicodedata.normalize("NFC", name) for name in names], found


def said_of(name: str, encoding: str) -> Text:
    """What there is to say of a zip of this name whose names were read so."""
    return READ_AS.format(name=name, encoding=encoding) if encoding not in ("", "utf-8") else NO_TEXT


def _told(entry: zipfile.ZipInfo) -> str | None:
    """The name, where it is ASCII or the zip says that it is UTF-8; else None."""
    if entry.flag_bits & UTF8_NAME or entry.filename.isascii():
        return entry.filename
    try:
        raw = entry.orig_filename.encode(STANDARD)
    except UnicodeEncodeError:  # a later Python has read the extra field itself
        return entry.filename
    return next(_unicode_path(entry.extra, raw), None)


def _unicode_path(extra: bytes, raw: bytes) -> Iterator[str]:
    """The name of the Unicode Path field, where it was made for this very name."""
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        body, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == UNICODE_PATH and body[:1] == b"\1" and body[1:5] == struct.pack("<I", zlib.crc32(raw)):
            yield body[5:].decode("utf-8", "replace").partition("\0")[0]


def encoding_of(names: Sequence[bytes]) -> str:
    """The encoding in which all these names make the most sense; the zip standard's where none does."""
    data = b"\n".join(names)
    if _decoded(data, "utf-8") is not None:
        return "utf-8"
    scores = {STANDARD: 0.0}
    for encoding, score in _scores(data):
        scores[encoding] = max(score, scores.get(encoding, 0.0))
    best = max(scores.values())
    if best < LEAST:
        return STANDARD
    alike = [encoding for encoding, score in scores.items() if score >= best - NEAR * (encoding in EASTERN)]
    return alike[0] if len(alike) == 1 else _least_mess(data, alike)


def _scores(data: bytes) -> Iterator[tuple[str, float]]:
    for encoding in EASTERN:
        text = _decoded(data, encoding)
        if text is not None:
            yield encoding, _mean(list(_eastern(text, encoding)))
    for encoding, letters in ALPHABETS:
        text = _decoded(data, encoding)
        if text is not None:
            yield encoding, _mean(list(_western(text, {*letters, *letters.upper()})))


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / max(len(values), 1), 3)


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _western(text: str, letters: set[str]) -> Iterator[float]:
    """How well each character beyond ASCII fits an alphabet: no capital follows a small letter, few follow a capital."""
    latin = any(unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    for before, char, after in _in_words(text):
        mixed = not latin and re.search("[A-Za-z]", before + after)
        broken = (before.islower() and char.isupper()) or (char.islower() and after.isupper())
        fits = char in letters and not mixed and not broken
        yield fits * (0.95 if char.isupper() and before.isupper() else 1.0)


def _eastern(text: str, encoding: str) -> Iterator[float]:
    """How common each character beyond ASCII is; one that is rare and stands in an ASCII word is none."""
    for before, char, after in _in_words(text):
        common = _common(char, encoding)
        yield 0.0 if common < 1 and re.fullmatch("[A-Za-z]{2}", before + after) else common


def _in_words(text: str) -> Iterator[tuple[str, str, str]]:
    """Each character beyond ASCII between those beside it."""
    around = zip(" " + text, text, text[1:] + " ", strict=False)
    return (three for three in around if not three[1].isascii())


def _eastern(text: str, encoding: str) -> Iterator[float]:
    """How common each character beyond ASCII is; one that is rare and stands in an ASCII word is none."""
    for before, char, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if not char.isascii():
            common = _common(char, encoding)
            yield (
                common
                if common == 1 or not f"{before}{after}".isascii() or not f"{before}{after}".isalpha()
                else 0.0
            )


def _common(char: str, encoding: str) -> float:
    """How common a character is, by the part of the standard that it stands in: the first parts hold everyday writing."""
    if encoding == "cp949" and "가" <= char <= "힣":
        return 0.5 if (ord(char) - ord("가")) % 28 in RARE_ENDS or not _knows("euc_kr", char) else 1.0
    if encoding == "cp932" and "\u3041" <= char <= "\u30ff":  # kana
        return 1.0
    lead, trail = _pair(char, encoding)
    match encoding:
        case "gb18030":
            return 1.0 if 0xB0 <= lead <= 0xD7 and trail >= 0xA1 else 0.6 if lead else 0.0
        case "big5hkscs":
            return 1.0 if 0xA4 <= lead <= 0xC6 else 0.5 if 0xA1 <= lead <= 0xF9 else 0.0
        case "cp932":
            return (
                1.0 if 0x88 <= lead <= 0x97 else 0.5 if 0x81 <= lead <= 0x9F or 0xE0 <= lead <= 0xEA else 0.0
            )
        case _:  # hanja and signs among hangul
            return 0.2


def _pair(char: str, encoding: str) -> tuple[int, int]:
    """The two bytes of a character, 0 and 0 for one of fewer or more."""
    raw = char.encode(encoding)
    return (raw[0], raw[1]) if len(raw) == 2 else (0, 0)


def _knows(encoding: str, char: str) -> bool:
    """Whether an encoding has the character."""
    try:
        return bool(char.encode(encoding))
    except UnicodeEncodeError:
        return False


def _least_mess(data: bytes, encodings: Sequence[str]) -> str:
    """Of encodings that fit alike the one whose text charset-normalizer finds the least of a mess, the first of equals."""
    from charset_normalizer import from_bytes

    plain = re.sub(rb"\.\w+$", b"", data, flags=re.MULTILINE)  # endings of files are no language
    matches = from_bytes(plain, cp_isolation=list(encodings), threshold=1.0)
    mess = {match.encoding: round(match.chaos, 2) for match in matches}
    return min(encodings, key=lambda encoding: mess.get(encoding, 1.0))
