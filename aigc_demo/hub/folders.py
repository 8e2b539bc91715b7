"""Models that lie on this disk already: a folder as it is, a GGUF file or an adapter made into one; or what else it is.

Nothing here opens a weight: that is for processes with limits (pretrained/check.py, hub/convert.py).
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from aigc_demo.core.disk import disk_free
from aigc_demo.core.errors import InputError
from aigc_demo.core.processes import clean_environment
from aigc_demo.core.settings import Settings
from aigc_demo.hub.adapters import ADAPTER, add_adapter
from aigc_demo.hub.carried import converted_dir
from aigc_demo.hub.offers import MARGIN
from aigc_demo.hub.records import fetched, keep
from aigc_demo.models.cards import ModelCard
from aigc_demo.pretrained.check import check
from aigc_demo.pretrained.weights import PICKLES

OWN = "local/"
CONFIGS = ("model_index.json", "config.json")
GROWS = 8  # times: what four bits a weight become in half precision, with room beside it
QUOTES = "\"'“”‘’"


def add_folder(path: Path | str, settings: Settings) -> ModelCard:
    """Offer the pretrained model in a folder, or in a GGUF file, of this disk as `local/<name>`.

    A folder is checked, and stays where it is; of two of one name the second has a digest behind it. An adapter is offered
    with its base. On one's own machine only; an InputError that says what it is, where it is none that this app can use.
    """
    if not settings.rules.folder_paths:
        raise InputError(
            en="Folders can be added on one's own machine only.", zh="只能在自己的电脑上添加文件夹。"
        )
    place = find_model(path)
    model_id = id_for(place, settings)
    if (place / ADAPTER).is_file():
        return add_adapter(place, model_id, settings)
    folder = convert(place, settings) if place.is_file() else place
    card = check(folder, model_id, digest=True)
    if place.is_file():
        card = card.model_copy(update={"source": str(place)})
    keep(card, settings)
    return card


def find_model(path: Path | str) -> Path:
    """The folder of a model or of an adapter, or a GGUF file, that a path means; an InputError where it is none."""
    text = str(path).strip().strip(QUOTES)
    place = Path(text.removeprefix("file://")).expanduser()
    try:
        place = place.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        link = place.is_symlink()
        raise InputError(
            en=f"{place} is a link to nothing; copy what it stood for."
            if link
            else f"There is no folder {place}; give the one with config.json or model_index.json in it.",
            zh=f"{place} 是失效的链接；请复制它原本指向的内容。"
            if link
            else f"没有文件夹 {place}；请给出含 config.json 或 model_index.json 的文件夹。",
        ) from error
    if place.is_dir():
        return _in_folder(place)
    if place.suffix.lower() == ".gguf":
        return place
    if any((place.parent / name).is_file() for name in (*CONFIGS, ADAPTER)):
        return place.parent
    raise what_it_is(place)


def _in_folder(folder: Path) -> Path:
    """The folder, or the one GGUF file in it."""
    if any((folder / name).is_file() for name in (*CONFIGS, ADAPTER)):
        return folder
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".gguf")
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(path.name for path in found[:5])
        raise InputError(
            en=f"{folder.name} holds {len(found)} GGUF files ({names}); give the path of one.",
            zh=f"{folder.name} 中有 {len(found)} 个 GGUF 文件（{names}）；请给出其中一个的路径。",
        )
    weights = [path for path in sorted(folder.iterdir()) if path.suffix in (".safetensors", *PICKLES)]
    if weights:
        raise what_it_is(weights[0])
    inner = [path for path in sorted(folder.iterdir()) if any((path / name).is_file() for name in CONFIGS)]
    names = ", ".join(f"{folder.name}/{path.name}" for path in inner[:5])
    raise InputError(
        en=f"{folder.name} has no config.json and no model_index.json"
        + (f"; give one of the folders in it: {names}." if inner else "; give the folder of a model."),
        zh=f"{folder.name} 中没有 config.json 或 model_index.json；"
        + (f"请给出其中的一个文件夹：{names}。" if inner else "请给出模型所在的文件夹。"),
    )


def what_it_is(path: Path) -> InputError:
    """What a file that is no folder of a model is, and the way out."""
    if path.suffix in PICKLES:
        return InputError(
            en=f"{path.name} is a pickle, which can run code when it is opened; take the model as safetensors, in its"
            " folder with config.json.",
            zh=f"{path.name} 是 pickle 文件，打开时可能运行代码；请改用 safetensors 格式的模型文件夹（含 config.json）。",
        )
    if path.suffix != ".safetensors":
        return InputError(
            en=f"{path.name} is no model; give a folder with config.json or model_index.json, or a .gguf file.",
            zh=f"{path.name} 不是模型；请给出含 config.json 或 model_index.json 的文件夹，或 .gguf 文件。",
        )
    names = _tensor_names(path)
    if any("lora_" in name or ".lora." in name for name in names):
        return InputError(
            en=f"{path.name} is an adapter (LoRA) without its adapter_config.json, which names its base; save it again with"
            " peft's save_pretrained, or train one here.",
            zh=f"{path.name} 是缺少 adapter_config.json（其中写明基座）的 LoRA 适配器；请用 peft 的 save_pretrained"
            " 重新保存，或在此处训练一个。",
        )
    if any(name.startswith(("model.diffusion_model.", "first_stage_model.")) for name in names):
        return InputError(
            en=f"{path.name} is a whole checkpoint in one file; make it a folder with diffusers:"
            f' StableDiffusionPipeline.from_single_file("{path.name}").save_pretrained("{path.stem}"), then give that.',
            zh=f"{path.name} 是单文件检查点；请先用 diffusers 转成文件夹："
            f'StableDiffusionPipeline.from_single_file("{path.name}").save_pretrained("{path.stem}")，再给出该文件夹。',
        )
    return InputError(
        en=f"{path.name} holds weights without their config.json; give the whole folder of the model.",
        zh=f"{path.name} 只有权重而没有 config.json；请给出模型的整个文件夹。",
    )


def id_for(place: Path, settings: Settings) -> str:
    """`local/<name>`; with a digest of where it lies behind it where another model has that name."""
    stem = place.stem if place.is_file() else place.name
    name = OWN + re.sub(r"[^\w.-]", "-", stem)[:80]
    known = {card.id: card.source or str(card.folder) for card in fetched(settings)}
    if known.get(name, str(place)) == str(place):
        return name
    return f"{name}-{_digest(place)}"


def convert(source: Path, settings: Settings) -> Path:
    """The folder with the model of a GGUF file, made in a process with limits; an InputError where it cannot be."""
    if find_spec("gguf") is None:
        raise InputError(
            en=f"{source.name} is read by the package gguf, which is not installed; run `pip install gguf`.",
            zh=f"读取 {source.name} 需要软件包 gguf，但尚未安装；请运行 `pip install gguf`。",
        )
    target = converted_dir(settings) / f"{source.stem[:80]}-{_digest(source)}"
    target.parent.mkdir(parents=True, exist_ok=True)
    need, free = GROWS * source.stat().st_size + MARGIN, disk_free(target.parent)
    if need > free:
        raise InputError(
            en=f"Converting {source.name} may need {need / 1e9:.1f} GB of disk, {free / 1e9:.1f} GB are free; make room first.",
            zh=f"转换 {source.name} 最多需要 {need / 1e9:.1f} GB 磁盘空间，目前剩余 {free / 1e9:.1f} GB；请先腾出空间。",
        )
    plan = {"source": str(source), "target": str(target.resolve()), "readme": f"Made of {source.name}.\n"}
    done = subprocess.run(
        [sys.executable, "-m", "aigc_demo.hub.convert"],
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=clean_environment(os.environ),
        check=False,
    )
    answer = json.loads((done.stdout.strip().splitlines() or ["{}"])[-1])
    if "en" in answer:
        raise InputError(**answer)
    if done.returncode:
        raise InputError(
            en=f"Converting {source.name} broke off, for want of memory or time; take a smaller model.",
            zh=f"转换 {source.name} 中断（内存或时间不足）；请换一个更小的模型。",
        )
    return Path(answer["folder"])


def _digest(place: Path) -> str:
    return hashlib.sha256(str(place).encode("utf-8", "replace")).hexdigest()[:8]


def _tensor_names(path: Path) -> list[str]:
    """The tensors in a safetensors file by its header; none where that cannot be read."""
    from aigc_demo.models.safetensors_header import read_header

    try:
        return list(read_header(path))
    except (InputError, OSError):
        return []
