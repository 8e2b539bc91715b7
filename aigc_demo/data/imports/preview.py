"""A look at a data set of one's own before anything is trained on it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from aigc_demo.core.words import Text
from aigc_demo.data.imports.manifest import Manifest
from aigc_demo.data.pairs import read_pairs

SHOWN_CHARACTERS = 500
SHOWN_SIDE = 128  # pixels


@dataclass(frozen=True)
class Preview:
    """Some pictures, uint8 (N, H, W) or (N, H, W, 3), with the class of each; or the beginnings of some texts."""

    pictures: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0), np.uint8))
    captions: list[Text] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def preview(manifest: Manifest, data_dir: Path, count: int = 64) -> Preview:
    """Up to `count` training pictures, as many of each class as there are; or up to `count` texts."""
    folder = data_dir / manifest.name
    if manifest.kind == "chat":
        with (folder / "chats.jsonl").open(encoding="utf-8") as file:
            return Preview(texts=[_conversation(json.loads(line)) for line in islice(file, count)])
    if manifest.kind == "pairs":
        pairs = islice(read_pairs(folder), count)
        return Preview(texts=[f"{pair.source}　→　{pair.target}"[:SHOWN_CHARACTERS] for pair in pairs])
    if manifest.kind == "text":
        with (folder / "texts.jsonl").open(encoding="utf-8") as file:
            return Preview(
                texts=[json.loads(line)["text"][:SHOWN_CHARACTERS] for line in islice(file, count)]
            )
    from safetensors import safe_open

    with safe_open(folder / "images.safetensors", "numpy") as arrays:
        labels = arrays.get_tensor("train_labels")
        pictures = arrays.get_slice("train_images")  # rows are read one by one: the set may be large
        chosen = in_turn(labels, count)
        rows = np.concatenate([pictures[int(index) : int(index) + 1] for index in chosen])
    rows = shrink(rows)
    names = json.loads((folder / "source.json").read_text(encoding="utf-8"))["classes"]
    if len(manifest.classes) == 1:
        return Preview(pictures=rows)
    captions = [Text(names["en"][labels[index]], names["zh"][labels[index]]) for index in chosen]
    return Preview(rows, captions)


def shrink(pictures: np.ndarray) -> np.ndarray:
    """Pictures (N, H, W[, 3]) uint8 at SHOWN_SIDE pixels a side at most: forty large ones would be a slow page."""
    if pictures.shape[1] <= SHOWN_SIDE:
        return pictures
    from PIL import Image

    size = (SHOWN_SIDE, SHOWN_SIDE)
    return np.stack([np.asarray(Image.fromarray(row).resize(size, Image.Resampling.BOX)) for row in pictures])


def _conversation(chat: Mapping[str, Any]) -> str:
    """A conversation as lines, the answers behind arrows."""
    lines = (f"{'→ ' if turn['role'] == 'assistant' else ''}{turn['content']}" for turn in chat["messages"])
    return "\n".join(lines)[:SHOWN_CHARACTERS]


def in_turn(labels: np.ndarray, count: int) -> list[int]:
    """Up to `count` indices, the classes taking turns, then sorted by class."""
    turn = np.zeros(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        turn[labels == label] = np.arange((labels == label).sum())
    chosen = np.argsort(turn, kind="stable")[:count]
    return sorted(chosen.tolist(), key=lambda index: (labels[index], index))
