"""The weight files of a checkpoint: which they are, that they are safetensors, and what their headers say."""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aigc_demo.models.safetensors_header import EXPONENTS, MAX_TENSORS, Header, read_header
from aigc_demo.pretrained.configs import read_config
from aigc_demo.pretrained.refusal import refused

STEMS = ("model", "diffusion_pytorch_model")
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack")
SHARD = re.compile(r"^[\w.-]{1,100}\.safetensors$")


def variant_of(folder: Path) -> str | None:
    """ "fp16" where a part has its weights in that variant alone; what diffusers calls `variant`."""
    return None if _stored(folder, None) else "fp16" if _stored(folder, "fp16") else None


def find_weights(folder: Path, model_id: str) -> dict[Path, Header]:
    """The weight files that a loader would open in one folder, with their headers.

    An InputError where there are none but pickles, where an index names a file outside the folder or one that is not
    there, where a tensor is not in the file that the index says, or where they are too many.
    """
    stored = _stored(folder, variant_of(folder))
    if stored is None:
        raise _without(folder, model_id)
    index = stored if stored.suffix == ".json" else None
    places = _shards(index, model_id) if index else {}
    files = {path: read_header(path) for path in sorted(set(places.values()) or {stored})}
    if sum(map(len, files.values())) > MAX_TENSORS:
        raise refused(model_id, f"it has over {MAX_TENSORS} tensors", f"张量超过 {MAX_TENSORS} 个")
    for tensor, path in places.items():
        if tensor not in files[path]:
            raise refused(
                model_id,
                f"{path.name} lacks {tensor[:60]}, which its index promises",
                f"{path.name} 缺少索引中的 {tensor[:60]}",
            )
    return files


def count_parameters(files: Mapping[Path, Header]) -> int:
    """Numbers with a fraction in all files: what a network's weights are made of."""
    entries: list[Mapping[str, Any]] = [entry for header in files.values() for entry in header.values()]
    return sum(math.prod(entry["shape"]) for entry in entries if entry["dtype"] in EXPONENTS)


def _stored(folder: Path, variant: str | None) -> Path | None:
    """The weights in one file, or the index of their shards; None where the folder has neither."""
    dotted = f".{variant}" if variant else ""
    names = [f"{stem}{dotted}.safetensors" for stem in STEMS]
    names += [f"{stem}.safetensors.index{dotted}.json" for stem in STEMS]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _shards(index: Path, model_id: str) -> dict[str, Path]:
    """Each tensor's file, by the index; the names are only ever file names in the same folder."""
    table = read_config(index).get("weight_map")
    if not isinstance(table, dict) or not table:
        raise refused(model_id, f"{index.name} lists no tensors", f"{index.name} 没有列出张量")
    if len(table) > MAX_TENSORS:
        raise refused(model_id, f"it has {len(table)} tensors", f"张量多达 {len(table)} 个")
    for name in set(map(str, table.values())):
        if not SHARD.match(name) or ".." in name:
            raise refused(
                model_id,
                f"{index.name} names the file {name[:60]!r}, outside of the model",
                f"{index.name} 指向模型之外的文件 {name[:60]!r}",
            )
        if not (index.parent / name).is_file():
            raise refused(model_id, f"{name} is missing", f"缺少 {name}")
    return {tensor: index.parent / name for tensor, name in table.items()}


def _without(folder: Path, model_id: str) -> Exception:
    """Why a folder without safetensors is refused: pickles can run code, or there is nothing."""
    pickles = [path.name for path in sorted(folder.iterdir()) if path.suffix in PICKLES]
    if pickles:
        return refused(
            model_id,
            f"its weights are in {pickles[0]}, a format that can run code when it is opened, and not in safetensors",
            f"其权重存放在 {pickles[0]} 中，这种格式打开时可能运行代码，而没有 safetensors",
        )
    return refused(
        model_id,
        f"there are no safetensors weights in {folder.name}",
        f"{folder.name} 中没有 safetensors 权重",
    )
