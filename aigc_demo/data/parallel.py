"""Sentences in English and Chinese that say the same: LibreOffice's help and GNOME's user guides, from Debian's packages.

LibreOffice's pages have the same paragraphs in each language, under the same ids; GNOME's are written in Mallard, whose
translated pages keep the order of paragraphs. A paragraph that both languages tell in as many sentences is cut into these.

Left out is what is not translated, what is code or a placeholder, what is much longer on one side, and what was there
before. Whole pages are held out, one in twenty, by the SHA-256 of their path; a pair to train on that is the same as a
held-out one but for digits, marks and capitals is left out, too.
"""

import hashlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from aigc_demo.core.errors import InputError
from aigc_demo.data.pairs import Pair, write_pairs

EN, ZH = "en", "zh"
LIBREOFFICE = {EN: "libreoffice/help/en-US/text", ZH: "libreoffice/help/zh-CN/text"}
GNOME = {EN: "help/C", ZH: "help/zh_CN"}
BLOCKS = ("title", "desc", "p")  # of Mallard, that hold sentences
ASIDE = ("comment", "credit", "revision", "code", "screen")  # and what is no part of the text
PARAGRAPHS = ("p", "h1", "h2", "h3", "h4", "h5", "h6")
SYSTEMS = (
    "MAC",
    "WIN",
    "UNIX",
)  # what a page says for one system only stands beside what it says for all others
HELD_OUT = 20  # one page of so many
MOST_WORDS, MOST_CHARACTERS = 48, 110
SENTENCE = {EN: re.compile(r"(?<=[.!?:])\s+(?=[A-Z\"“(])"), ZH: re.compile(r"(?<=[。！？：])(?=.)")}
CODE = re.compile(r"[{}<>\\=|_]|\$\[|%\w|\.\w+\(|https?:|^\W*$")
CHINESE = re.compile(r"[㐀-鿿]")
LATIN = re.compile(r"[A-Za-z]")


def prepare(source: Path, out: Path) -> tuple[dict[str, int], str]:
    """Write pairs.jsonl from the unpacked packages; counts, and SHA-256."""
    root = next(source.glob("**/libreoffice/help/zh-CN"), None)
    if root is None:
        raise InputError(
            en=f"{source.name} holds no libreoffice/help/zh-CN; give the unpacked packages libreoffice-help-en-us, "
            "libreoffice-help-zh-cn and gnome-user-docs.",
            zh=f"{source.name} 中没有 libreoffice/help/zh-CN；请指定解压后的 libreoffice-help-en-us、"
            "libreoffice-help-zh-cn 和 gnome-user-docs 软件包。",
        )
    share = root.parents[2]
    return write_pairs(out, apart([*libreoffice(share), *gnome(share)]))


def libreoffice(share: Path) -> Iterator[Pair]:
    """The sentences of LibreOffice's help, by the ids of their paragraphs."""
    for path in sorted((share / LIBREOFFICE[ZH]).rglob("*.html")):
        page = path.relative_to(share / LIBREOFFICE[ZH])
        english = share / LIBREOFFICE[EN] / page
        if not english.is_file():
            continue
        both = [HelpPage.read(file) for file in (english, path)]
        paired = [(both[0][key], both[1][key]) for key in both[0] if key in both[1]]
        yield from _pairs(paired, str(page), "libreoffice")


def gnome(share: Path) -> Iterator[Pair]:
    """The sentences of GNOME's guides, by their order, of pages whose translation has as many of each kind."""
    for path in sorted((share / GNOME[ZH]).rglob("*.page")):
        page = path.relative_to(share / GNOME[ZH])
        english = share / GNOME[EN] / page
        if not english.is_file():
            continue
        blocks = [list(_mallard(ET.parse(file).getroot())) for file in (english, path)]
        if [kind for kind, _ in blocks[0]] == [kind for kind, _ in blocks[1]]:
            paired = [(a, b) for (_, a), (_, b) in zip(*blocks, strict=True)]
            yield from _pairs(paired, str(page), "gnome")


class HelpPage(HTMLParser):
    """The paragraphs of a help page by id, as text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.id, self.open, self.skipped = "", [], 0

    @classmethod
    def read(cls, path: Path) -> dict[str, str]:
        """All paragraphs of a file."""
        page = cls()
        page.feed(path.read_text(encoding="utf-8"))
        return page.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A paragraph begins, or a span that is passed over."""
        given = dict(attrs)
        if tag in PARAGRAPHS and given.get("id"):
            self.id = given["id"] or ""
            self.found[self.id] = ""
        elif tag == "span":
            skips = given.get("class") in SYSTEMS
            self.open.append(skips)
            self.skipped += skips

    def handle_endtag(self, tag: str) -> None:
        """A paragraph or a span ends."""
        if tag in PARAGRAPHS:
            self.id = ""
        elif tag == "span" and self.open:
            self.skipped -= self.open.pop()

    def handle_data(self, data: str) -> None:
        """Text inside a paragraph."""
        if self.id and not self.skipped:
            self.found[self.id] += data


def _mallard(element: ET.Element) -> Iterator[tuple[str, str]]:
    """(kind, text) of the blocks below an element, in their order."""
    for child in element:
        kind = child.tag.rpartition("}")[2]
        if kind in ASIDE:
            continue
        if kind in BLOCKS:
            yield kind, "".join(child.itertext())
        else:
            yield from _mallard(child)


def _pairs(paragraphs: list[tuple[str, str]], page: str, origin: str) -> Iterator[Pair]:
    held_out = int(hashlib.sha256(f"{origin}/{page}".encode()).hexdigest(), 16) % HELD_OUT == 0
    for english, chinese in paragraphs:
        en, zh = tidy(english), tidy(chinese)
        sentences = [pattern.split(text) for pattern, text in ((SENTENCE[EN], en), (SENTENCE[ZH], zh))]
        cut = zip(*sentences, strict=True) if len(sentences[0]) == len(sentences[1]) else [(en, zh)]
        yield from (Pair(a, b, held_out, origin) for a, b in cut if is_translation(a, b))


def tidy(text: str) -> str:
    """One line, without spaces beside Chinese characters and their marks."""
    text = " ".join(text.split())
    return re.sub(r"(?<=[㐀-鿿　-〿＀-￯「」]) | (?=[㐀-鿿　-〿＀-￯「」])", "", text)


def is_translation(english: str, chinese: str) -> bool:
    """Whether two texts can be each other's translation: either in its language, of fitting lengths, no code."""
    words, characters = len(english.split()), len(CHINESE.findall(chinese))
    return (
        2 <= words <= MOST_WORDS
        and characters >= 2
        and len(chinese) <= MOST_CHARACTERS
        and 0.5 <= characters / words <= 4
        and not CHINESE.search(english)
        and len(LATIN.findall(english)) >= 0.6 * len(english)
        and len(LATIN.findall(chinese)) <= 0.5 * len(chinese)
        and not CODE.search(english)
        and not CODE.search(chinese)
    )


def apart(pairs: list[Pair]) -> Iterator[Pair]:
    """The pairs, each once, held-out ones first; none to train on whose source or target is nearly a held-out one's."""
    seen: set[str] = set()
    held_out: set[str] = set()
    for pair in sorted(pairs, key=lambda pair: not pair.held_out):
        key, sides = (
            f"{_plain(pair.source)}\n{_plain(pair.target)}",
            (_plain(pair.source), _plain(pair.target)),
        )
        if key in seen or (not pair.held_out and not held_out.isdisjoint(sides)):
            continue
        seen.add(key)
        if pair.held_out:
            held_out.update(sides)
        yield pair


def _plain(text: str) -> str:
    """A text without digits, marks, spaces and capitals."""
    return re.sub(r"[\W\d_]+", "", text.lower())
