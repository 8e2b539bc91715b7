"""An adapter that came from elsewhere: thin matrices and a few plain settings, or it is refused.

Its base need not be on this disk, so it is not loaded here. What peft would make of its settings is: they are read
as a list of known names with plain values, since peft's own configuration can hold far more than an adapter needs.
"""

import json
import re
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from aigc_demo.core.errors import InputError
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import family
from aigc_demo.models.safetensors_header import check_finite, read_header, weights_of

MATRIX = re.compile(r"[\w.-]{1,300}\.lora(?:_A|_B|\.down|\.up)\.weight")
MODULE = re.compile(r"[\w.-]{1,200}")
MOST_RANK = 1024
PLAIN = {
    "peft_type": lambda value: value == "LORA",
    "task_type": lambda value: value in (None, "CAUSAL_LM"),
    "r": lambda value: type(value) is int and 1 <= value <= MOST_RANK,
    "lora_alpha": lambda value: type(value) in (int, float) and 0 < value <= MOST_RANK,
    "target_modules": lambda value: (
        isinstance(value, list) and 0 < len(value) <= 1000 and all(map(is_module, value))
    ),
    "lora_dropout": lambda value: value == 0,
    "bias": lambda value: value == "none",
}


def is_module(name: Any) -> bool:
    """Whether this is the plain name of a module, and no pattern."""
    return isinstance(name, str) and MODULE.fullmatch(name) is not None


def check_adapter(folder: Path, card: ModelCard) -> None:
    """An InputError unless the folder holds an adapter as this app writes them, for the card's family."""
    path = weights_of(folder)
    if path.name != family(card.family).trains["lora"].weights or not card.base or card.tasks:
        raise _odd("its card and its files do not belong together", "模型卡与文件不相符")
    header = read_header(path)
    for name, entry in header.items():
        if (
            not MATRIX.fullmatch(name)
            or len(entry["shape"]) not in (2, 4)
            or entry["dtype"] not in ("F32", "F16", "BF16")
        ):
            raise _odd(f"{name[:60]!r} is no matrix of one", f"{name[:60]!r} 不是其矩阵")
    check_finite(path, header)
    for settings in _settings(folder, path):
        for name, value in settings.items():
            if name not in PLAIN or not PLAIN[name](value):
                raise _odd(
                    f"its setting {name[:60]!r} is none that it needs", f"它不需要设置项 {name[:60]!r}"
                )


def _settings(folder: Path, path: Path) -> list[dict[str, Any]]:
    """adapter_config.json, or what diffusers keeps in the header: its names without the network's before them."""
    try:
        if (folder / "adapter_config.json").exists():
            return [{**json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))}]
        with safe_open(path, "numpy") as file:
            kept = file.metadata() or {}
        extra = set(kept) - {"format", "lora_adapter_metadata"}
        packed = json.loads(kept.get("lora_adapter_metadata", "{}"))
        return [{name.partition(".")[2]: value for name, value in packed.items()}, dict.fromkeys(extra)]
    except (OSError, ValueError, TypeError, RecursionError, AttributeError, SafetensorError) as error:
        raise _odd("its settings cannot be read", "其设置无法读取") from error


def _odd(en: str, zh: str) -> InputError:
    return InputError(
        en=f"This zip holds no adapter of this app: {en}; export it again from where it was trained.",
        zh=f"该 zip 不是本应用的适配器：{zh}；请在训练它的地方重新导出。",
    )
