"""Six novels by Jane Austen, from the Debian package r-cran-janeaustenr, read without R.

R keeps a package's data in a pair of files: `Rdata.rdx`, the gzipped index of places and lengths, and
`Rdata.rdb`, the values, each as four bytes of length and a zlib stream. Both hold R's serialisation in network
byte order (R Internals, section 1.8), of which text needs only a handful of types.

A chapter is held out for evaluation when the SHA-256 of its text, as a number, is 0 modulo 25.
"""

import gzip
import hashlib
import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aigc_demo.core.disk import write_atomically
from aigc_demo.core.errors import InputError

_HEADING = re.compile(r"^(?=(?:CHAPTER|Chapter) [IVXLC\d]+)", re.MULTILINE)
_SYMBOL, _PAIRS, _CHARS, _LOGICAL, _INTEGER, _STRINGS, _LIST = 1, 2, 9, 10, 13, 16, 19
_NIL, _REFERENCE = 254, 255
_HAS_ATTRIBUTES, _HAS_TAG = 0x200, 0x400


class RData:
    """Reads one serialised R value: vectors become lists, NULL None; a pair list, list of (name, value)."""

    def __init__(self, data: bytes) -> None:
        if data[:2] != b"X\n":
            raise InputError(
                en="This is no serialised R value in network byte order; fetch the package again.",
                zh="这不是网络字节序的 R 序列化数据；请重新获取该软件包。",
            )
        self.data, self.place, self.symbols = data, 2, []
        version, _, _ = self._int(), self._int(), self._int()
        if version == 3:
            self._bytes(self._int())  # the name of the native encoding

    def _bytes(self, count: int) -> bytes:
        self.place += count
        return self.data[self.place - count : self.place]

    def _int(self) -> int:
        return struct.unpack(">i", self._bytes(4))[0]

    def read(self) -> Any:
        """The next value."""
        flags = self._int()
        kind = flags & 0xFF
        if kind == _NIL:
            value = None
        elif kind == _REFERENCE:
            value = self.symbols[(flags >> 8) - 1]
        elif kind == _SYMBOL:
            value = self.read()
            self.symbols.append(value)
        elif kind == _PAIRS:
            value = self._pairs(flags)
        elif kind == _CHARS:
            length = self._int()
            value = None if length < 0 else self._bytes(length).decode()
        else:
            value = self._vector(kind)
            if flags & _HAS_ATTRIBUTES:
                names = dict(self.read() or ()).get("names")
                value = dict(zip(names, value, strict=True)) if names else value
        return value

    def _vector(self, kind: int) -> list[Any]:
        count = self._int()
        if kind in (_INTEGER, _LOGICAL):
            return list(struct.unpack(f">{count}i", self._bytes(4 * count)))
        if kind in (_STRINGS, _LIST):
            return [self.read() for _ in range(count)]
        raise InputError(
            en=f"The file holds an R value of type {kind}, which is no text; fetch the package again.",
            zh=f"文件中含有类型为 {kind} 的 R 值，不是文本；请重新获取该软件包。",
        )

    def _pairs(self, flags: int) -> list[tuple[str | None, Any]]:
        """A pair list, cell by cell: attributes, tag, value, and the next cell in the tail."""
        cells = []
        while flags & 0xFF == _PAIRS:
            if flags & _HAS_ATTRIBUTES:
                self.read()
            tag = self.read() if flags & _HAS_TAG else None
            cells.append((tag, self.read()))
            flags = self._int()
        return cells


def read_lazy_data(folder: Path) -> dict[str, Any]:
    """The values of an R package's `Rdata.rdx` and `Rdata.rdb` in `folder`, by name."""
    index = dict(RData(gzip.decompress((folder / "Rdata.rdx").read_bytes())).read())["variables"]
    store = (folder / "Rdata.rdb").read_bytes()
    values = {}
    for name, (start, length) in index.items():
        values[name] = RData(zlib.decompress(store[start + 4 : start + length])).read()
    return values


@dataclass(frozen=True)
class Chapter:
    """One chapter of a novel: paragraphs, with an empty line between them."""

    novel: str
    text: str

    @property
    def held_out(self) -> bool:
        """Whether the chapter is kept from training."""
        return int(hashlib.sha256(self.text.encode()).hexdigest(), 16) % 25 == 0


def prepare(source: Path, out: Path) -> tuple[dict[str, int], str]:
    """Write one text file a novel from the unpacked package; number of chapters, and SHA-256 of all text."""
    index = next(source.glob("**/janeaustenr/data/Rdata.rdx"), None)
    if index is None:
        raise InputError(
            en=f"{source.name} holds no janeaustenr/data/Rdata.rdx; give the unpacked package r-cran-janeaustenr.",
            zh=f"{source.name} 中没有 janeaustenr/data/Rdata.rdx；请指定解压后的 r-cran-janeaustenr 软件包。",
        )
    digest = hashlib.sha256()
    for novel, lines in sorted(read_lazy_data(index.parent).items()):
        text = "\n\n".join(_paragraphs(lines)).encode()
        digest.update(text)
        write_atomically(out / f"{novel}.txt", text)
    return {"chapters": len(read_chapters(out))}, digest.hexdigest()


def _paragraphs(lines: list[str]) -> list[str]:
    """Lines of about 70 characters to paragraphs: an empty line ends one."""
    blocks = re.split(r"\n\s*\n", "\n".join(lines))
    return [" ".join(block.split()) for block in blocks if block.strip()]


def read_chapters(folder: Path) -> list[Chapter]:
    """All chapters of the prepared novels; what stands before the first chapter (title, volume) is left out."""
    return [
        Chapter(path.stem, text.strip())
        for path in sorted(folder.glob("*.txt"))
        for text in _HEADING.split(path.read_text(encoding="utf-8"))[1:]
    ]
