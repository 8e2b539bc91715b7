"""Pairs of texts, source and target, as a sequence-to-sequence model learns from them: `pairs.jsonl`.

One JSON object a line: {"source": ..., "target": ..., "held_out": true or false, "origin": ...}. `held_out` pairs are
never trained on. `origin` names where a pair comes from ("tang", "libreoffice"), so that figures can be told for each.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from aigc_demo.core.disk import write_atomically
from aigc_demo.core.errors import InputError

FILE = "pairs.jsonl"


@dataclass(frozen=True)
class Pair:
    """A source, and what is to be written for it."""

    source: str
    target: str
    held_out: bool = False
    origin: str = ""


def read_pairs(folder: Path) -> list[Pair]:
    """The pairs of a prepared folder, in their order; an InputError where there are none that can be read."""
    try:
        lines = (folder / FILE).read_text(encoding="utf-8").splitlines()
        return [Pair(**json.loads(line)) for line in lines]
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            en=f"{folder.name} holds no readable {FILE} ({error}); take couplets, titles, en-zh or pairs of your own.",
            zh=f"{folder.name} 中没有可读的 {FILE}（{error}）；请改用 couplets、titles、en-zh 或自己的句对。",
        ) from error


def write_pairs(folder: Path, pairs: Iterable[Pair]) -> tuple[dict[str, int], str]:
    """Write pairs.jsonl; how many pairs are trained on ("train") and held out ("test"), and the file's SHA-256."""
    counts, lines = {"train": 0, "test": 0}, []
    for pair in pairs:
        counts["test" if pair.held_out else "train"] += 1
        lines.append(json.dumps(asdict(pair), ensure_ascii=False))
    data = ("\n".join(lines) + "\n").encode()
    write_atomically(folder / FILE, data)
    return counts, hashlib.sha256(data).hexdigest()
