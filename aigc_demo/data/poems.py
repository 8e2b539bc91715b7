"""Tang and Song poems (shi) in four strict forms, from the npm package chinese-poetry.

The package holds 57 607 Tang and 254 248 Song poems in traditional characters. Kept are those whose text
is exactly 4 or 8 lines of 5 or 7 characters; they are converted to simplified characters, and the marks at
line ends become ， and 。 in turn (234 lines in 1.4 million end otherwise). Poems with gaps (□, brackets,
notes) or with characters beyond the basic block of Unicode do not fit this shape and fall out.

A poem is held out for evaluation when the SHA-256 of its simplified text, as a number, is 0 or 1 modulo 100,
so that the split depends on the poem alone and not on the order of the files.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from aigc_demo.core.disk import write_atomically
from aigc_demo.core.errors import InputError

TITLE_LENGTH = 16
_LINES = re.compile(r"(?:[一-鿿]{5}[，。？！；]){4,8}|(?:[一-鿿]{7}[，。？！；]){4,8}")
_NOTES = re.compile(r"[（(\[【〔].*?[）)\]】〕]|\s")
_FORMS = {(5, 4): "wujue", (7, 4): "qijue", (5, 8): "wulu", (7, 8): "qilu"}


@dataclass(frozen=True)
class Poem:
    """One poem in simplified characters: `text` is "line，line。line，line。" in the shape of `form`."""

    dynasty: str
    form: str
    title: str
    text: str

    @property
    def number(self) -> int:
        """The SHA-256 of the text as a number: what decides by the text alone."""
        return int(hashlib.sha256(self.text.encode()).hexdigest(), 16)

    @property
    def held_out(self) -> bool:
        """Whether the poem belongs to the 2 % that no model trains on."""
        return self.number % 100 < 2


def form_of(text: str) -> str | None:
    """The form that the lines of `text` have, or None: 4 or 8 lines of 5 or 7 characters each."""
    if not _LINES.fullmatch(text):
        return None
    lines = re.split("[，。？！；]", text)[:-1]
    return _FORMS.get((len(lines[0]), len(lines)))


def prepare(source: Path, out: Path) -> tuple[dict[str, int], str]:
    """Write `poems.jsonl` from the unpacked package; number of poems, and SHA-256 of the file.

    The poems are those of the four forms, Tang before Song, each text once, in the order of the package.
    Converting 12 million characters takes most of a minute.
    """
    rows = [json.dumps(vars(poem), ensure_ascii=False) for poem in _convert(_read_package(source))]
    data = ("\n".join(rows) + "\n").encode()
    write_atomically(out / "poems.jsonl", data)
    return {"poems": len(rows)}, hashlib.sha256(data).hexdigest()


def read_poems(folder: Path) -> list[Poem]:
    """The poems of a prepared folder."""
    try:
        lines = (folder / "poems.jsonl").read_text(encoding="utf-8").splitlines()
        return [Poem(**json.loads(line)) for line in lines]
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            en=f"{folder.name} holds no readable poems.jsonl ({error}); run `python -m aigc_demo data get poems`.",
            zh=f"{folder.name} 中没有可读的 poems.jsonl（{error}）；请运行 `python -m aigc_demo data get poems`。",
        ) from error


def judged(poems: Iterable[Poem]) -> list[Poem]:
    """Every Tang poem and the Song poems whose hash, divided by 100, is a multiple of 4.

    Figures of all versions of gpt-poems are of the held-out ones among these, of which the first had read the rest:
    Tang is two fifths of them, not a sixth.
    """
    return [poem for poem in poems if poem.dynasty == "tang" or poem.number // 100 % 4 == 0]


def _read_package(folder: Path) -> Iterator[tuple[str, str, str]]:
    """(dynasty, title, text) of every poem in the package, in traditional characters."""
    root = next(folder.glob("**/quantangshi"), None)
    if root is None:
        raise InputError(
            en=f"{folder.name} holds no folder quantangshi; give the unpacked npm package chinese-poetry.",
            zh=f"{folder.name} 中没有 quantangshi 文件夹；请指定解压后的 npm 包 chinese-poetry。",
        )
    for dynasty in ("tang", "song"):
        # by number: poet.tang.2000.json comes before poet.tang.10000.json
        for path in sorted(root.glob(f"poet.{dynasty}.*.json"), key=lambda p: int(p.name.split(".")[2])):
            for entry in json.loads(path.read_text(encoding="utf-8")):
                yield dynasty, entry["title"], "".join(entry["paragraphs"])


def _convert(entries: Iterable[tuple[str, str, str]]) -> Iterator[Poem]:
    """The poems among `entries` that have one of the four forms, simplified, without repetitions."""
    from opencc import OpenCC

    simplify = OpenCC("t2s").convert
    seen: set[str] = set()
    for dynasty, title, text in entries:
        if len(text) not in (24, 32, 48, 64) or form_of(text) is None:
            continue
        lines = re.split("[，。？！；]", simplify(text))[:-1]
        plain = "".join(line + "，。"[i % 2] for i, line in enumerate(lines))
        form = form_of(plain)
        if form and plain not in seen:
            seen.add(plain)
            yield Poem(dynasty, form, _NOTES.sub("", simplify(title))[:TITLE_LENGTH], plain)
