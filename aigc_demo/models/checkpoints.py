"""A run is a folder: config.json, model.safetensors and, while it trains, the state to go on from.

    config.json         what the networks are; enough to build them
    model.safetensors   the weights one uses (averaged, where the family averages)
    state-<step>.safetensors   everything else that training needs: raw weights, optimisers, random generators;
                        the last two are kept

A process killed at any moment leaves each file old or new, never half of either (disk.py). Only safetensors and
JSON are read: nothing in a run folder can run code.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from aigc_demo.core.disk import write_atomically, write_json
from aigc_demo.core.errors import InputError
from aigc_demo.models.shards import INDEX, WHOLE, shard_files


def save_weights(folder: Path, tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> None:
    """Write `model.safetensors` and `config.json` of a run. Tensors are stored as they are given.

    A FloatingPointError where one holds what is no number: nobody could load it, and what was there stays.
    """
    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    for name, tensor in ready.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise FloatingPointError(f"{name} is not finite")
    write_atomically(folder / WHOLE, save(ready, metadata={"format": "pt"}))
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
    """The tensors of model.safetensors, or of the files of its index, on the CPU.

    An InputError where they are missing, broken or not finite.
    """
    try:
        in_parts = (folder / INDEX).is_file() and not (folder / WHOLE).exists()
        files = shard_files(folder) if in_parts else [folder / WHOLE]
        tensors = {name: tensor for path in files for name, tensor in load_file(path).items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError, SafetensorError) as error:
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

    One file, state-<step>.safetensors, so that it is there wholly or not at all; its header holds the scalars, the
    places of the tensors and a sha256 of their bytes. The one before it is kept too.
    """
    tensors: dict[str, Tensor] = {}
    skeleton = json.dumps(_take_tensors(parts, "", tensors))
    ready = {key: value.cpu().contiguous() for key, value in tensors.items()}
    path = folder / f"state-{parts.get('step', 0):08d}.safetensors"
    write_atomically(path, save(ready, metadata={"parts": skeleton, "sha256": _digest(ready)}))
    for old in sorted(set(states(folder)) - {path})[:-1]:
        old.unlink(missing_ok=True)
    for later in [other for other in states(folder) if other > path]:
        later.unlink(missing_ok=True)  # a run that went back makes these steps again


def states(folder: Path) -> list[Path]:
    """The saved states of a run folder, oldest first."""
    return sorted(folder.glob("state-*.safetensors"))


def require_room(folder: Path) -> None:
    """An InputError unless the disk has 2.2 times the last state free: for a new one beside two old, and its small files."""
    if not (found := states(folder)):
        return
    need, free = int(2.2 * found[-1].stat().st_size), shutil.disk_usage(folder).free
    if free < need:
        raise InputError(
            en=f"The disk is nearly full ({free / 1e6:.0f} MB free, a save needs {need / 1e6:.0f}); "
            f"the last save, {found[-1].stem}, is kept: make room, then resume.",
            zh=f"磁盘将满（剩余 {free / 1e6:.0f} MB，保存需要 {need / 1e6:.0f} MB）；"
            f"上次的保存 {found[-1].stem} 仍在：请清理空间后继续。",
        )


def load_state(folder: Path) -> dict[str, Any] | None:
    """What `save_state` saved last and is whole; the one before where a disk has spoilt it; None without any.

    An InputError where there are states but none of them is whole.
    """
    found = states(folder)
    for path in reversed(found):
        try:
            return _read_state(path)
        except (OSError, SafetensorError, ValueError, KeyError, TypeError):
            continue
    if found:
        raise InputError(
            en=f"{folder.name}: its saved states are damaged; delete the run and train it again.",
            zh=f"{folder.name}：保存的训练状态已损坏；请删除该训练记录并重新训练。",
        )
    return None


def _read_state(path: Path) -> dict[str, Any]:
    tensors = load_file(path)
    with safe_open(path, "pt") as file:
        header = file.metadata() or {}
    if header["sha256"] != _digest(tensors):
        raise ValueError(f"{path.name} is not what was written")
    return _put_tensors(json.loads(header["parts"]), tensors)


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """sha256 of all tensors' bytes, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


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
