"""The app's own lessons, handbook and explanations as text, in one language: prose that is there without a network.

Kept are paragraphs of plain sentences; code, tables, formulas and lists of links are no prose to learn from.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aigc_demo.core.disk import write_atomically
from aigc_demo.core.words import parse_yaml

ROOT = Path(__file__).parents[1]
REFERENCE = ("api.md", "command-line.md", "map.md")  # pages written by programs
SHORTEST = {"en": 60, "zh": 20}  # characters of a paragraph, below which it is a label
SENTENCE_ENDS = (".", "!", "?", ":", "。", "！", "？", "：")
HELD_OUT = 20  # every so many paragraphs, one
SPLIT_CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
NOT_PROSE = re.compile(r"^(\s{4}|[|<#$>]|---)")
MARKS = re.compile(r"\[([^\]]*)\]\([^)]*\)|[*`]|^\s*(?:[-*]|\d+\.)\s+", re.MULTILINE)


def prepare(source: Path, out: Path, language: str) -> tuple[dict[str, int], str]:
    """Write texts.jsonl in "en" or "zh" to `out`; paragraphs, characters and the file's sha256. `source` is not looked at."""
    texts = list(dict.fromkeys(paragraphs(language)))
    lines = [{"text": text, "held_out": at % HELD_OUT == HELD_OUT - 1} for at, text in enumerate(texts)]
    data = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
    write_atomically(out / "texts.jsonl", data)
    return {"paragraphs": len(texts), "characters": sum(map(len, texts))}, hashlib.sha256(data).hexdigest()


def paragraphs(lang: str) -> Iterator[str]:
    """Every paragraph of prose in a language, lessons first."""
    pages = sorted(ROOT.glob(f"families/*/lesson*.{lang}.md")) + sorted(ROOT.glob(f"ui/**/lesson*.{lang}.md"))
    if lang == "en":
        pages += [path for path in sorted((ROOT / "docs").glob("*.md")) if path.name not in REFERENCE]
    for page in pages:
        text = SPLIT_CODE.sub("", page.read_text("utf-8"))
        for part in re.split(r"\n\s*\n", text):
            lines = [line for line in part.splitlines() if not NOT_PROSE.match(line)]
            yield from prose(("\n" if lang == "en" else "").join(lines), lang)
    tables = [*sorted((ROOT / "ui" / "i18n" / lang).glob("*.yaml")), ROOT / "jobs" / "presets.yaml"]
    for table in tables:
        for text in sentences(parse_yaml(table.read_text("utf-8")), lang):
            yield from prose(text, lang)


def sentences(tree: Any, lang: str) -> Iterator[str]:
    """The strings in a table of words; of one in both languages, those in `lang`."""
    if isinstance(tree, dict):
        inner = [tree[lang]] if {"en", "zh"} <= set(tree) else tree.values()
        for value in inner:
            yield from sentences(value, lang)
    elif isinstance(tree, str):
        yield tree


def prose(text: str, lang: str) -> Iterator[str]:
    """The text without its marks, where it is whole sentences in `lang`."""
    plain = " ".join(MARKS.sub(r"\1", text).replace("<br>", " ").split())
    chinese = sum("一" <= character <= "鿿" for character in plain) > len(plain) / 4
    whole = len(plain) >= SHORTEST[lang] and plain.endswith(SENTENCE_ENDS)
    if whole and chinese is (lang == "zh") and not set("{}<>$") & set(plain):
        yield plain
