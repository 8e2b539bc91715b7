r"""What is held out, cut in two by a fixed rule: settings are chosen by one half, and what was chosen is told by the other.

The best of many is best by luck, too: with figures $v_i = m_i + e_i$ of settings whose true worth is $m_i$, choosing
$\hat\imath = \arg\max_i v_i$ makes $\mathbb{E}[e_{\hat\imath}] \geq 0$, so the figure that chose flatters what it chose
(Cawley and Talbot 2010, On Over-fitting in Model Selection). A figure from examples that had no part in choosing does not.

Held-out examples go to the halves by turns: pictures by turns within their class, poems, conversations and other rows in
their order. A long text is first cut into passages of whole sentences. A half is a folder of its own, in which the other
half is not there at all, so that no family can look at it by mistake.
"""

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from aigc_demo.core.disk import write_atomically, write_json

VALIDATION, TEST = 0, 1  # the turns
PASSAGES, SHORTEST, LONGEST = 20, 100, 1500  # passages that a held-out text comes to, and characters of one
PICTURES, CAPTIONS, SOURCE, TEXTS = "images.safetensors", "captions.json", "source.json", "texts.jsonl"


def write_half(data: Path, out: Path, half: int) -> Path:
    """Write a prepared folder like `data`, a folder or a text file, with one half of what it holds out; `out`.

    half: VALIDATION or TEST. Files that know nothing of the split are linked, not copied.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    files = sorted(path for path in data.iterdir() if path.is_file()) if data.is_dir() else []
    rows = [path for path in files if path.suffix == ".jsonl" and path.name != TEXTS]
    if rows:
        for path in rows:
            write_atomically(out / path.name, _half_of_rows(path, half))
    elif data.is_dir() and _has_pictures(data):
        _write_pictures(data, out, half)
    else:
        _write_texts(data, out, half)
        files = [path for path in files if path.suffix == ".json"]
    for path in files:
        if not (out / path.name).exists():
            _link(path, out / path.name)
    return out


def _has_pictures(data: Path) -> bool:
    names = (PICTURES, "*idx3-ubyte*", "*.parquet")
    return any(next(data.rglob(name), None) for name in names)


def turns(kinds: Iterable[Any], half: int) -> list[int]:
    """The places whose turn it is, where those of one kind take turns among themselves."""
    seen: Counter[Any] = Counter()
    kept = []
    for place, kind in enumerate(kinds):
        if seen[kind] % 2 == half:
            kept.append(place)
        seen[kind] += 1
    return kept


def _write_pictures(data: Path, out: Path, half: int) -> None:
    """The four arrays with every other held-out picture of a class, their captions, and what source.json says."""
    from safetensors.torch import save

    from aigc_demo.data import images

    arrays = images.load(data)
    classes = arrays.pop("classes")
    places = turns(arrays["test_labels"].tolist(), half)
    for name in ("test_images", "test_labels"):
        arrays[name] = arrays[name][places].contiguous()
    write_atomically(out / PICTURES, save(arrays))
    said = _read(data / SOURCE)
    write_json(out / SOURCE, {"name": data.name, **said, "classes": classes, "half": half})
    if (data / CAPTIONS).is_file():
        captions = _read(data / CAPTIONS)
        held_out = captions.get("test") or []
        write_json(out / CAPTIONS, {**captions, "test": [held_out[place] for place in places if held_out]})


def _half_of_rows(path: Path, half: int) -> bytes:
    """A file of JSON lines without those held-out ones whose turn it is not."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    is_held_out = _rule_of(path)
    places = [place for place, line in enumerate(lines) if is_held_out(json.loads(line))]
    dropped = set(places) - {places[turn] for turn in turns([0] * len(places), half)}
    return "".join(f"{line}\n" for place, line in enumerate(lines) if place not in dropped).encode()


def _rule_of(path: Path) -> Callable[[dict[str, Any]], bool]:
    """Which rows of a file are held out: poems say it by their text, all others in so many words."""
    if path.name == "poems.jsonl":
        from aigc_demo.data.poems import Poem

        return lambda row: Poem(**row).held_out
    return lambda row: bool(row.get("held_out"))


def _write_texts(data: Path, out: Path, half: int) -> None:
    """Texts of any layout as texts.jsonl."""
    from aigc_demo.language.texts import read_texts

    texts = read_texts(data)
    parts = passages(texts.held_out)
    kept = [parts[place] for place in turns([0] * len(parts), half)]
    rows = [{"text": text, "held_out": False} for text in texts.train]
    rows += [{"text": text, "held_out": True} for text in kept]
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    write_atomically(out / TEXTS, "".join(f"{line}\n" for line in lines).encode())


def passages(texts: Sequence[str]) -> list[str]:
    """Texts in passages of whole sentences, about PASSAGES in all; a short text is one."""
    from aigc_demo.language.sentences import SENTENCE

    size = min(max(sum(map(len, texts)) // PASSAGES, SHORTEST), LONGEST)
    found = []
    for text in texts:
        parts = [""]
        for sentence in SENTENCE.findall(text):
            if len(parts[-1]) >= size:
                parts.append("")
            parts[-1] += sentence
        found += [part for part in parts if part.strip()]
    return found


def _link(source: Path, target: Path) -> None:
    """The same file under another name; a copy where the disk has no second names."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
