"""Labelled grey pictures: the IDX format of MNIST, the hub's parquet files, and the prepared form.

Prepared is one file, images.safetensors: {train,test}_images uint8 (N, 28, 28), white on black, and
{train,test}_labels uint8 (N,).
"""

import gzip
import hashlib
import json
import math
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from aigc_demo.core.disk import write_atomically
from aigc_demo.core.errors import InputError

FILE = "images.safetensors"
IDX_NAMES = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}


def read_idx(path: Path) -> Tensor:
    """The uint8 array of an IDX file, gzipped or not.

    Format (LeCun, yann.lecun.com/exdb/mnist): two zero bytes, type 8, the number of dimensions, each dimension as a
    big-endian 32-bit integer, the values in C order.
    """
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    rank = data[3] if len(data) > 3 else 0
    start = 4 + 4 * rank
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(rank)]
    if data[:3] != b"\0\0\x08" or rank == 0 or len(data) != start + math.prod(shape):
        raise InputError(
            en=f"{path.name} is no IDX file of bytes, or is cut short; fetch it again.",
            zh=f"{path.name} 不是字节型 IDX 文件，或文件不完整；请重新获取。",
        )
    return torch.frombuffer(bytearray(data[start:]), dtype=torch.uint8).view(shape)


def prepare(source: Path, out: Path) -> tuple[dict[str, int], str]:
    """Write the four arrays found under `source` to `out`; their counts, and the sha256 of their bytes."""
    return keep(read_arrays(source), out)


def keep(arrays: dict[str, Tensor], out: Path) -> tuple[dict[str, int], str]:
    """Write four arrays to `out`; their counts, and the sha256 of their bytes."""
    digest = hashlib.sha256()
    for name in IDX_NAMES:
        digest.update(arrays[name].numpy().tobytes())
    write_atomically(out / FILE, save(arrays))
    return {split: len(arrays[f"{split}_labels"]) for split in ("train", "test")}, digest.hexdigest()


def read_arrays(source: Path) -> dict[str, Tensor]:
    """The four arrays of the IDX or parquet files under `source`; an InputError where their shapes do not fit."""
    if next(source.rglob("*.parquet"), None):
        arrays = _read_parquet(source)
    else:
        arrays = {name: read_idx(_find(source, stem)) for name, stem in IDX_NAMES.items()}
    for split in ("train", "test"):
        images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"]
        if len(labels) == 0 or labels.ndim != 1 or images.shape != (len(labels), 28, 28):
            raise InputError(
                en=f"The {split} pictures are {tuple(images.shape)} for {len(labels)} labels, not (N, 28, 28).",
                zh=f"{split} 图片的形状为 {tuple(images.shape)}，标签数为 {len(labels)}，应为 (N, 28, 28)。",
            )
    return arrays


def load(folder: Path) -> dict[str, Any]:
    """The four arrays of a data set, prepared or as IDX files, and `classes`: {"en": names, "zh": names}."""
    if (folder / FILE).exists():
        arrays = load_file(folder / FILE)
        return {
            **arrays,
            "classes": json.loads((folder / "source.json").read_text(encoding="utf-8"))["classes"],
        }
    arrays = read_arrays(folder)
    names = [str(label) for label in range(int(arrays["train_labels"].max()) + 1)]
    return {**arrays, "classes": {"en": names, "zh": names}}


def _find(source: Path, stem: str) -> Path:
    """The file named `stem` or `stem`.gz somewhere under `source`."""
    for name in (stem, f"{stem}.gz"):
        for path in source.rglob(name):
            return path
    raise InputError(
        en=f"{source.name} holds no {stem}; name the folder with the four IDX files.",
        zh=f"{source.name} 中没有 {stem}；请指定包含四个 IDX 文件的文件夹。",
    )


def _read_parquet(source: Path) -> dict[str, Tensor]:
    """Columns image (PNG bytes) and label of train-*.parquet and test-*.parquet, as the hub's MNIST has them."""
    decode = _png_decoder()
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise InputError(
            en="The hub's files are parquet, which needs pyarrow; install it, or use the package source.",
            zh="hub 上的文件为 parquet 格式，需要 pyarrow；请安装它，或改用软件包来源。",
        ) from error
    arrays = {}
    for split in ("train", "test"):
        rows = [
            row
            for path in sorted(source.rglob(f"{split}-*.parquet"))
            for row in parquet.read_table(path).to_pylist()
        ]
        if not rows:
            raise InputError(en=f"There is no {split}-*.parquet.", zh=f"没有 {split}-*.parquet。")
        arrays[f"{split}_images"] = torch.stack([decode(row["image"]["bytes"]) for row in rows])
        arrays[f"{split}_labels"] = torch.tensor([row["label"] for row in rows], dtype=torch.uint8)
    return arrays


def _png_decoder() -> Callable[[bytes], Tensor]:
    """Bytes of a grey PNG -> uint8 (H, W)."""
    import numpy as np
    from PIL import Image

    return lambda data: torch.from_numpy(np.array(Image.open(BytesIO(data)).convert("L")))
