"""An adapter of others in a folder of this disk, offered with the base that it names."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

from aigc_demo.core.disk import write_json
from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.core.words import Text
from aigc_demo.hub.carried import converted_dir
from aigc_demo.hub.records import fetched, keep
from aigc_demo.models.cards import ModelCard, file_hash
from aigc_demo.models.family import kind_of
from aigc_demo.models.safetensors_header import check_finite, parameters, read_header
from aigc_demo.pretrained.configs import read_config
from aigc_demo.pretrained.refusal import refused

ADAPTER, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
MATRIX = re.compile(r"[\w.-]{1,300}\.lora_[AB]\.weight")
MODULE = re.compile(r"[\w.-]{1,200}")
MOST_RANK = 1024
# what changes what the matrices mean, and what this app does not compute
BEYOND = ("use_dora", "use_rslora", "rank_pattern", "alpha_pattern", "modules_to_save", "fan_in_fan_out")


def add_adapter(folder: Path, model_id: str, settings: Settings) -> ModelCard:
    """Offer the adapter in a folder beside its base; an InputError where it is no plain LoRA, or its base is not here.

    What is kept is a copy of its matrices with the few settings that they need: peft's own file can say far more.
    """
    config = read_config(folder / ADAPTER)
    base = _base(config, model_id, settings)
    path = folder / WEIGHTS
    if not path.is_file():
        raise refused(
            model_id,
            f"it is an adapter (LoRA) for {base.id} without {WEIGHTS}",
            f"它是 {base.id} 的 LoRA 适配器，但缺少 {WEIGHTS}",
        )
    plain = _plain(config, model_id)
    header = read_header(path)
    if odd := next((name for name in header if not MATRIX.fullmatch(name)), None):
        raise refused(
            model_id,
            f"{odd[:60]!r} in {WEIGHTS} is no matrix of an adapter",
            f"{WEIGHTS} 中的 {odd[:60]!r} 不是适配器的矩阵",
        )
    check_finite(path, header)
    target = converted_dir(settings) / f"adapter-{model_id.replace('/', '--')}"
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target / WEIGHTS)
    write_json(target / ADAPTER, plain)
    name = model_id.rsplit("/", 1)[-1]
    card = ModelCard(
        id=model_id,
        folder=target,
        family=base.family,
        kind="lora",
        base=base.id,
        tasks=(),
        title=Text(name, name),
        summary=Text(f"Adapter (LoRA) for {base.id}.", f"{base.id} 的 LoRA 适配器。"),
        parameters=parameters(path),
        licence=base.licence,
        data="see the adapter's own page",
        revision=file_hash(path)[:40],
        source=str(folder),
    )
    keep(card, settings)
    return card


def _base(config: dict[str, Any], model_id: str, settings: Settings) -> ModelCard:
    """The model that the adapter names, among those that are here."""
    named = str(config.get("base_model_name_or_path") or "")
    cards = [card for card in fetched(settings) if card.kind and not card.base]
    last = Path(named).name
    for fits in (
        lambda card: named in (card.id, str(card.folder), card.source),
        lambda card: last and card.id.rsplit("/", 1)[-1] == last,
    ):
        if base := next(filter(fits, cards), None):
            break
    else:
        shown = named[:80] or "?"
        raise InputError(
            en=f"{model_id} is an adapter (LoRA) for {shown}, which is not here; bring that first with `hub get {shown}`,"
            " then this.",
            zh=f"{model_id} 是 {shown} 的 LoRA 适配器，而本机没有该模型；请先用 `hub get {shown}` 获取它，再添加适配器。",
        )
    if not kind_of(base.kind).adaptable or kind_of(base.kind).tasks[0] not in ("text", "chat"):
        raise refused(
            model_id,
            f"its base {base.id} takes no adapter of others here",
            f"其基座 {base.id} 在此不接受外来适配器",
        )
    return base


def _plain(config: dict[str, Any], model_id: str) -> dict[str, Any]:
    """The settings that a plain LoRA needs; an InputError where this one is of another kind."""
    rank, alpha, modules = (config.get(name) for name in ("r", "lora_alpha", "target_modules"))
    beyond = [name for name in BEYOND if config.get(name)]
    if config.get("peft_type") != "LORA" or beyond or config.get("bias", "none") != "none":
        what = ", ".join(beyond) or str(config.get("peft_type"))[:40]
        raise refused(
            model_id,
            f"it is an adapter with {what}, and the app takes plain LoRA",
            f"该适配器使用 {what}，而本应用只支持普通 LoRA",
        )
    plain = isinstance(modules, list) and modules and all(MODULE.fullmatch(str(name)) for name in modules)
    sound = type(rank) is int and 1 <= rank <= MOST_RANK and type(alpha) in (int, float) and alpha > 0
    if not plain or not sound:
        raise refused(
            model_id,
            f"{ADAPTER} names no rank, alpha and list of modules",
            f"{ADAPTER} 没有写明秩、alpha 和模块列表",
        )
    return json.loads(
        json.dumps(
            {
                "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank, "lora_alpha": alpha,
                "target_modules": sorted(map(str, modules)), "lora_dropout": 0.0, "bias": "none",
            }
        )
    )  # fmt: skip
