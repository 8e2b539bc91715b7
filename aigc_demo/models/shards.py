"""Weights in several files, as transformers keeps large ones: an index names the file of each tensor.

    python -m aigc_demo.models.shards weights/NAME

puts the weights of a model that comes with the app so where the file has 10 MB, which the hub's git takes only into large-file
storage. transformers and this app read the folder as before.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"
MOST_BYTES = 8_000_000  # of the values in one file


def shard_files(folder: Path) -> list[Path]:
    """The files that the index names, each once, by name; a ValueError where it names none, or one outside the folder."""
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    names = set(index["weight_map"].values()) if isinstance(index, dict) else set()
    if not names or any(name != Path(name).name or not name.endswith(".safetensors") for name in names):
        raise ValueError(f"{INDEX} names no files of this folder")
    return [folder / name for name in sorted(names)]


def grouped(sizes: dict[str, int], most: int) -> list[list[str]]:
    """Names in their order, in groups of at most `most` bytes; what is larger by itself is a group."""
    groups: list[list[str]] = []
    filled = most + 1
    for name, size in sizes.items():
        if filled + size > most:
            groups.append([])
            filled = 0
        groups[-1].append(name)
        filled += size
    return groups


def split(folder: Path, most: int = MOST_BYTES) -> list[Path]:
    """Put model.safetensors into files of at most `most` bytes and an index; the new files."""
    from safetensors.torch import load_file, save_file

    tensors: dict[str, Tensor] = load_file(folder / WHOLE)
    groups = grouped({name: tensor.nbytes for name, tensor in tensors.items()}, most)
    names = [f"model-{i:05}-of-{len(groups):05}.safetensors" for i in range(1, len(groups) + 1)]
    for name, group in zip(names, groups, strict=True):
        save_file({key: tensors[key] for key in group}, folder / name, metadata={"format": "pt"})
    places = {key: name for name, group in zip(names, groups, strict=True) for key in group}
    total = {"total_size": sum(tensor.nbytes for tensor in tensors.values())}
    text = json.dumps({"metadata": total, "weight_map": places}, indent=2)
    (folder / INDEX).write_text(text + "\n", encoding="utf-8")
    (folder / WHOLE).unlink()
    return [folder / name for name in names]


if __name__ == "__main__":
    for path in split(Path(sys.argv[1])):
        print(path.name, path.stat().st_size)
