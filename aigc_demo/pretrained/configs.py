"""The JSON files of a checkpoint, read with limits, and searched for what would run code.

A config can name code: `auto_map` a Python file in the repository, `_attn_implementation_internal` a kernel
repository (CVE-2026-4372: run even without trust_remote_code), `quantization_config` kernels of a package. So these
keys are refused wherever they stand, and nothing of a config is acted on before.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.pretrained.refusal import refused

MAX_BYTES = 2 << 20
MAX_TABLE_BYTES = 64 << 20  # of a tokenizer or an index of shards: long lists, which are not searched
TABLES = re.compile(
    r"^(tokenizer|vocab|added_tokens|source_vocab|target_vocab)\.json$|\.index(\.\w+)?\.json$|^data_config\.json$"
)
MAX_DEPTH, MAX_LAYERS = 32, 1000
CODE = re.compile(
    r"^(auto_map|custom_pipelines?|custom_generate|trust_remote_code|kernel_config|use_kernels)$"
)
BACKEND = re.compile(r"^_?(attn|attention|experts)_implementation(_internal)?$")
BUILT_IN = (None, "eager", "sdpa")
LAYERS = re.compile(r"(^|_)(layers?|layers_per_block|n_layer|blocks|depth)$")


def read_config(path: Path) -> dict[str, Any]:
    """The object in a JSON file; an InputError where it is too large, too deep, or none."""
    most = MAX_TABLE_BYTES if TABLES.search(path.name) else MAX_BYTES
    try:
        if path.stat().st_size > most:
            raise _unreadable(path, f"over {most >> 20} MB", f"超过 {most >> 20} MB")
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise _unreadable(path, type(error).__name__, type(error).__name__) from error
    if not isinstance(value, dict):
        raise _unreadable(path, "no object", "不是对象")
    return value


def check_configs(folder: Path, model_id: str) -> None:
    """An InputError where a JSON file of the checkpoint asks for code, or for a network without end."""
    for path in sorted(folder.rglob("*.json")):
        if TABLES.search(path.name):
            continue
        name = path.relative_to(folder).as_posix()
        text = path.read_text("utf-8", "replace") if path.stat().st_size <= MAX_BYTES else ""
        if text.lstrip().startswith("["):
            continue  # a list, as modules.json of sentence-transformers: no loader of ours reads one
        for key, value in _entries(path, read_config(path)):
            if reason := _danger(key, value):
                raise refused(model_id, f"{name} {reason.en}", f"{name} {reason.zh}")


def _danger(key: str, value: Any) -> Text | None:
    """Why this entry is refused; None where it is harmless."""
    shown = f"{key[:40]}: {str(value)[:60]}"
    if CODE.match(key) and value:
        return Text(f"asks for code of its own to be run ({shown})", f"要求运行其自带的代码（{shown}）")
    if BACKEND.match(key) and value not in BUILT_IN:
        return Text(
            f"asks for attention code from elsewhere ({shown})", f"要求使用外部的注意力代码（{shown}）"
        )
    if key == "quantization_config" and value:
        return Text(
            "stores its weights quantised, which needs kernels of another package",
            "其权重已量化，需要其他软件包的内核",
        )
    if LAYERS.search(key) and isinstance(value, int) and value > MAX_LAYERS:
        return Text(
            f"asks for more than {MAX_LAYERS} layers ({shown})", f"要求超过 {MAX_LAYERS} 层（{shown}）"
        )
    return None


def _entries(path: Path, config: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """All keys with their values, at every depth, without recursion."""
    waiting: list[tuple[Any, int]] = [(config, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise _unreadable(path, f"nested deeper than {MAX_DEPTH}", f"嵌套超过 {MAX_DEPTH} 层")
        if isinstance(value, dict):
            yield from value.items()
            waiting += [(item, depth + 1) for item in value.values()]
        elif isinstance(value, list):
            waiting += [(item, depth + 1) for item in value if isinstance(item, dict | list)]


def _unreadable(path: Path, en: str, zh: str) -> InputError:
    return InputError(
        en=f"{path.name} cannot be read as a model's configuration ({en}); fetch the model again.",
        zh=f"无法把 {path.name} 读作模型配置（{zh}）；请重新获取该模型。",
    )
