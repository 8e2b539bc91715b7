"""In which encoding a text is written: by evidence, never by name, and said when it is not plain UTF-8.

In this order: a byte order mark; UTF-16 without one, by the zeros that it puts into writing; UTF-8, if all of it is;
else a detector, whose guess must decode the whole text into writing and, for alphabets, hold for both halves of it.
"""

import codecs
import io
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, TextIO

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import NO_TEXT, Text, joined

PIECE = 1 << 20  # bytes that are decoded at a time
SAMPLE = 1 << 16  # bytes that are evidence enough
FEW = 4  # words: of fewer, no two halves are compared
ODD = 0.2  # share of words that no language writes, above which a guess is none
NO_WRITING = {"Cc", "Cn", "Co", "Cs"}
# The detector's names, and the codecs of Python that hold all that programs wrote under them; others are codecs as well.
CODECS: Mapping[str, tuple[str, ...]] = {
    "EUC-KR": ("cp949",),
    "Shift_JIS": ("cp932", "shift_jis_2004"),
    "EUC-JP": ("euc_jp", "euc_jis_2004"),
    "ISO-2022-JP": ("iso2022_jp_ext",),
    "Big5": ("cp950", "big5hkscs"),
    "ISO-8859-8-I": ("iso8859_8",),
    "windows-874": ("cp874",),
}
WIDE = {"EUC-KR", "Shift_JIS", "EUC-JP", "ISO-2022-JP", "Big5", "gb18030"}  # more than a byte a character
LABELS = {"gb18030": "GB18030", "Shift_JIS": "Shift-JIS"}

READ_AS = Text("{name} was read as {label}", "{name} 按 {label} 编码读取")
IF_WRONG = Text(
    "; if its words look wrong, save it as UTF-8 in the program that wrote it",
    "；如果文字不对，请用原来的程序另存为 UTF-8",
)
CUT = Text(
    "a character that was cut in two at its edge was left out",
    "边缘处有一个不完整的字符，已略去",
)


@dataclass(frozen=True)
class Encoding:
    """How to read a text: Python's name of the codec, the name that people know, and what had to be guessed or cut.

    `cut`: bytes of a character that stands half in the text, at its very end or beginning.
    """

    codec: str
    label: str
    guessed: bool = False
    cut: int = 0

    def open(self, path: Path) -> TextIO:
        """The file as text, its line ends as they are."""
        return path.open(encoding=self.codec, errors=self._errors, newline="")

    def decode(self, data: bytes) -> str:
        """Bytes as text."""
        return data.decode(self.codec, self._errors)

    def remark(self, name: str) -> Text:
        """What there is to say of a file read so; empty for plain, whole UTF-8."""
        said = [] if self.label == "UTF-8" else [READ_AS.format(name=name, label=self.label)]
        if self.cut:
            said.append(CUT if said else Text(f"{name}: {CUT.en}", f"{name}：{CUT.zh}"))
        words = joined(said, "; ", "；")
        return joined([words, IF_WRONG if self.guessed else None, Text(".", "。")], "") if words else NO_TEXT

    @property
    def _errors(self) -> str:
        # all but the cut character is known to be sound, so nothing else can be ignored
        return "ignore" if self.cut else "strict"


def read_text(path: Path, name: str = "") -> str:
    """A whole small file as text, plain line ends; an InputError where it is none. OSError is the caller's."""
    data = path.read_bytes()
    return (
        encoding_of(io.BytesIO(data), name or path.name)
        .decode(data)
        .replace("\r\n", "\n")
        .replace("\r", "\n")
    )


def encoding_of(file: BinaryIO, name: str) -> Encoding:
    """How the text in `file` is encoded. An InputError, with line and byte where there is one, says why it is no text."""
    head = file.read(SAMPLE)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _marked(file, name, head)
    if b"\0" in head:
        return _without_mark(file, name, head)
    sample = _sample(file)
    if b"\x1b$" in head and (found := _fits(file, "ISO-2022-JP")):
        return found
    place, cut = _walk(file, "utf-8")
    if place is None:
        return Encoding("utf-8-sig", "UTF-8", cut=cut)
    if head.startswith(codecs.BOM_UTF8) or _mostly_utf8(sample):
        return _broken_utf8(file, name, place)
    return _guess(file, name, sample)


def _marked(file: BinaryIO, name: str, head: bytes) -> Encoding:
    """UTF-16 with its byte order mark; UTF-32, which begins alike and has zeros, is no text here."""
    place, cut = _walk(file, "utf-16")
    if place is not None:
        raise _broken(file, name, "UTF-16", place)
    if "\0" in head.decode("utf-16", "ignore"):
        raise _zero(file, name, head)
    return Encoding("utf-16", "UTF-16", cut=cut)


def _without_mark(file: BinaryIO, name: str, head: bytes) -> Encoding:
    """UTF-16 without a byte order mark: the high bytes of writing are few, its spaces and line ends have a zero each."""
    little = len(set(head[1::2])) < len(set(head[::2]))
    codec = f"utf-16-{'le' if little else 'be'}"
    place, cut = _walk(file, codec)
    text = head.decode(codec, "ignore")
    if place is None and "\0" not in text and re.search(r"[ \n\r]", text) and _is_writing(text):
        return Encoding(codec, "UTF-16", cut=cut)
    raise _zero(file, name, head)


def _zero(file: BinaryIO, name: str, head: bytes) -> InputError:
    line, byte = _place(file, head.index(b"\0"))
    return InputError(
        en=f"{name} is no text: there is a zero in line {line:,} (byte {byte:,}); give a text file.",
        zh=f"{name} 不是文本：第 {line:,} 行（第 {byte:,} 字节）含有零字节；请提供文本文件。",
    )


def _sample(file: BinaryIO) -> bytes:
    """The first lines that are more than ASCII: what tells encodings apart."""
    file.seek(0)
    found = bytearray()
    while len(found) < SAMPLE and (line := file.readline(SAMPLE)):
        if line.isascii():
            continue
        found += line
        if len(line) == SAMPLE and not line.endswith(b"\n"):
            break  # what follows may begin in the middle of a character
    return bytes(found)


def _walk(file: BinaryIO, codec: str, start: int = 0) -> tuple[int | None, int]:
    """Where the first broken byte from `start` on stands, or None; and how many bytes of a last character are there."""
    decoder = codecs.getincrementaldecoder(codec)()
    done = file.seek(start)
    while data := file.read(PIECE):
        waiting = len(decoder.getstate()[0])
        try:
            decoder.decode(data)
        except UnicodeDecodeError as error:
            return done - waiting + error.start, 0
        except UnicodeError:  # UTF-16 of which nothing but half a mark is there
            return done, 0
        done += len(data)
    return None, len(decoder.getstate()[0])


def _mostly_utf8(sample: bytes) -> bool:
    """Whether a text that is not all UTF-8 was meant to be: it holds at least as many sound characters as broken ones."""
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return sum(not char.isascii() for char in text) - broken >= broken


def _broken_utf8(file: BinaryIO, name: str, place: int) -> Encoding:
    """A piece of a longer text may begin or end in a character; any other broken byte is told."""
    file.seek(place)
    tail = file.read(8)
    half = tail.rstrip(b" \t\r\n\x1a")
    if len(half) <= 3 and _is_beginning(half):
        return Encoding("utf-8-sig", "UTF-8", cut=len(half))
    first = len(tail) - len(tail.lstrip(bytes(range(0x80, 0xC0))))
    if place == 0 and first <= 3 and _walk(file, "utf-8", first)[0] is None:
        return Encoding("utf-8", "UTF-8", cut=first)
    raise _broken(file, name, "UTF-8", place)


def _is_beginning(data: bytes) -> bool:
    """Whether these are the first bytes of one UTF-8 character."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start == 0 and error.reason == "unexpected end of data"
    return False


def _guess(file: BinaryIO, name: str, sample: bytes) -> Encoding:
    """What the detector says, if it stands the tests."""
    label = _detected(sample)
    found = _fits(file, label)
    if found is None:
        place = _walk(file, _codecs(label)[0])[0] or 0
        raise _broken(file, name, LABELS.get(label, label), place)
    text = _read(sample, found.codec)
    if _is_writing(text) and (label in WIDE or (_odd_words(text) <= ODD and _holds(sample, text))):
        return found
    line, byte = _place(file, _walk(file, "ascii")[0] or 0)
    raise InputError(
        en=f"The encoding of {name} cannot be told from what is in it (line {line:,}, byte {byte:,} is the first that is"
        " not ASCII); save it as UTF-8.",
        zh=f"无法从内容判断 {name} 的编码（第 {line:,} 行、第 {byte:,} 字节起不是 ASCII）；请另存为 UTF-8。",
    )


def _detected(data: bytes) -> str:
    """The detector's guess; it never refuses one."""
    try:
        from chardetng_py import EncodingDetector
    except ImportError:  # not built for this version of Python yet; the other one is weaker on short texts
        from charset_normalizer import from_bytes

        best = from_bytes(data).best()
        return best.encoding if best else "ascii"
    detector = EncodingDetector()
    detector.feed(data, last=False)  # the last character of a sample may be half there
    return detector.guess(tld=None, allow_utf8=False)


def _fits(file: BinaryIO, label: str) -> Encoding | None:
    """The first codec of that name in which the whole file is sound."""
    for codec in _codecs(label):
        place, cut = _walk(file, codec)
        if place is None:
            return Encoding(codec, LABELS.get(label, label), guessed=True, cut=cut)
    return None


def _codecs(label: str) -> tuple[str, ...]:
    return CODECS.get(label, (label,))


def _holds(sample: bytes, wanted: str) -> bool:
    """Whether the detector, told of every other word, reads the same, and of the rest as well."""
    words = [word for word in re.split(rb"[\x00-@\[-`{-\x7f]+", sample) if not word.isascii()]
    halves = (b" ".join(words[part::2]) for part in (0, 1)) if len(words) >= FEW else ()
    return all(_read(sample, _codecs(_detected(half))[0]) == wanted for half in halves)


def _read(data: bytes, codec: str) -> str:
    return data.decode(codec, "ignore")


def _is_writing(text: str) -> bool:
    """Whether hardly any of the characters are controls, private or unknown ones."""
    strange = sum(unicodedata.category(char) in NO_WRITING and char not in "\t\n\r\f\v\x1a" for char in text)
    return strange * 100 <= len(text)


def _odd_words(text: str) -> float:
    """The share of words beyond ASCII that no language writes: of two scripts, with signs or capitals in the middle."""
    words = [word for word in re.findall(r"[^\x00-@\[-`{-\x7f\s]+", text) if not word.isascii()]
    return sum(map(_is_odd, words)) / max(len(words), 1)


def _is_odd(word: str) -> bool:
    scripts = {unicodedata.name(char, "?").split()[0] for char in word if char.isalpha()}
    inner = re.search(r"\w[^\w’·\u00ad\u0591-\u05c7\u064b-\u0652\u0e30-\u0e4f-]\w", word)
    capitals = any(a.islower() and b.isupper() for a, b in pairwise(word))
    return len(scripts) > 1 or bool(inner) or capitals


def _broken(file: BinaryIO, name: str, label: str, place: int) -> InputError:
    line, byte = _place(file, place)
    return InputError(
        en=f"{name} is no {label} text: line {line:,} is broken (byte {byte:,} of the file); mend that line, or save the"
        " text as UTF-8.",
        zh=f"{name} 不是 {label} 文本：第 {line:,} 行有错误（文件第 {byte:,} 字节）；请修正该行，或另存为 UTF-8。",
    )


def _place(file: BinaryIO, place: int) -> tuple[int, int]:
    """The line and the byte, both counted from 1, at `place`."""
    file.seek(0)
    lines, left = 1, place
    while left > 0 and (data := file.read(min(PIECE, left))):
        lines += data.count(b"\n")
        left -= len(data)
    return lines, place + 1
