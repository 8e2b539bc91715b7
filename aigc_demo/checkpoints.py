"""A run is a folder: config.json, model.safetensors and, while it trains, the state to go on from.

    config.json         what the networks are; enough to build them
    model.safetensors   the weights one uses (averaged, where the family averages)
    state.safetensors   everything else that training needs: raw weights, optimisers, random generators
    state.json          the scalars of the same, with the step

Every file is written to a temporary name, flushed to disk, then renamed over the old one, so that a
process killed at any moment leaves the old file or the new one, never half of either. Only
safetensors and JSON are read: nothing in a run folder can run code.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from aigc_demo.errors import InputError


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` by `data`, or leave it as it was: temporary file, fsync, rename, fsync of the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    if os.name == "posix":  # elsewhere a folder cannot be opened, and the rename is durable enough
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as readable UTF-8 JSON, atomically."""
    write_atomically(path, (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode())


def save_weights(folder: Path, tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> None:
    """Write `model.safetensors` and `config.json` of a run. Tensors are stored as they are given."""
    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomically(folder / "model.safetensors", save(ready, metadata={"format": "pt"}))
    write_json(folder / "config.json", dict(config))


def read_config(folder: Path) -> dict[str, Any]:
    """The config.json of a run; an InputError where there is none or it is no JSON object."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            en=f"{folder.name}: config.json cannot be read ({error}); copy the whole run folder again.",
            zh=f"{folder.name}：无法读取 config.json（{error}）；请重新复制整个训练记录文件夹。",
        ) from error
    if not isinstance(config, dict):
        raise InputError(
            en=f"{folder.name}: config.json is no JSON object; copy the whole run folder again.",
            zh=f"{folder.name}：config.json 不是 JSON 对象；请重新复制整个训练记录文件夹。",
        )
    return config


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The tensors of model.safetensors, on the CPU; an InputError where they are missing, broken or not finite."""
    try:
        tensors = load_file(folder / "model.safetensors")
    except (OSError, SafetensorError) as error:
        raise InputError(
            en=f"{folder.name}: model.safetensors is missing or broken ({error}); fetch the weights again.",
            zh=f"{folder.name}：model.safetensors 缺失或损坏（{error}）；请重新获取权重。",
        ) from error
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise InputError(
                en=f"{folder.name}: {name} holds values that are not finite; the training diverged, take an earlier one.",
                zh=f"{folder.name}：{name} 含有非有限值；训练已发散，请改用更早的检查点。",
            )
    return tensors


def load_strictly(module: nn.Module, tensors: Mapping[str, Tensor], prefix: str = "") -> None:
    """Load the tensors under `prefix` into `module`; every name and shape must fit.

    Values stored in a smaller dtype are widened to the module's own.
    """
    own = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    try:
        module.load_state_dict(own, strict=True)
    except RuntimeError as error:
        raise InputError(
            en=f"The weights do not fit the network described by config.json: {error}",
            zh=f"权重与 config.json 所描述的网络不符：{error}",
        ) from error


def save_state(folder: Path, parts: Mapping[str, Any]) -> None:
    """Save what training needs to go on, bit for bit: nested dicts and lists of tensors and plain scalars.

    The tensors go to state-<step>.safetensors, their places and the scalars to state.json, which is written
    last and names the tensor file: the pair changes in one rename.
    """
    tensors: dict[str, Tensor] = {}
    skeleton = _take_tensors(parts, "", tensors)
    name = f"state-{parts.get('step', 0)}.safetensors"
    write_atomically(folder / name, save({key: value.cpu().contiguous() for key, value in tensors.items()}))
    write_json(folder / "state.json", {"tensors": name, "parts": skeleton})
    for old in folder.glob("state-*.safetensors"):
        if old.name != name:
            old.unlink(missing_ok=True)


def load_state(folder: Path) -> dict[str, Any] | None:
    """What `save_state` saved last, or None where this folder has no state."""
    path = folder / "state.json"
    if not path.exists():
        return None
    saved = json.loads(path.read_text(encoding="utf-8"))
    return _put_tensors(saved["parts"], load_file(folder / saved["tensors"]))


def _take_tensors(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    """`value` with each tensor replaced by {"__tensor__": its key}; the keys are collected in `tensors`."""
    if isinstance(value, Tensor):
        tensors[path] = value.detach().clone()  # shared storage would be refused by safetensors
        return {"__tensor__": path}
    if isinstance(value, Mapping):
        # JSON keys are strings, optimisers number their parameters: keep pairs, not an object
        return {
            "__map__": [[key, _take_tensors(item, f"{path}/{key}", tensors)] for key, item in value.items()]
        }
    if isinstance(value, list | tuple):
        return [_take_tensors(item, f"{path}/{index}", tensors) for index, item in enumerate(value)]
    return value


def _put_tensors(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, dict) and "__tensor__" in value:
        return tensors[value["__tensor__"]]
    if isinstance(value, dict) and "__map__" in value:
        return {key: _put_tensors(item, tensors) for key, item in value["__map__"]}
    if isinstance(value, list):
        return [_put_tensors(item, tensors) for item in value]
    return value
