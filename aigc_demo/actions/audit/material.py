"""What a model was trained on, as far as it is on this disk; and how the shares of copies are called."""

from pathlib import Path
from typing import Literal

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.data import catalogue
from aigc_demo.data.imports import own_folder
from aigc_demo.metrics.least import LEAST, LEAST_CHARACTERS
from aigc_demo.models.cards import ModelCard

Level = Literal["green", "amber", "red"]
LOOKED_AT = frozenset({"image", "draw", "text"})  # tasks of models that are compared with their data
AMBER, RED = 0.01, 0.05  # shares of copies


def level_of(share: float) -> Level:
    """green: copies are no more than one in a hundred; red: they are more than one in twenty."""
    return "red" if share > RED else "amber" if share > AMBER else "green"


def too_few(count: int) -> InputError:
    """There is too little to compare, of what was made or of what was trained on, to conclude anything."""
    return InputError(
        en=f"{count} samples or training examples tell nothing about copies; look at {LEAST} at least (text:"
        f" {LEAST_CHARACTERS} characters).",
        zh=f"{count} 个样本或训练数据不足以判断是否照抄；请至少查看 {LEAST} 个（文字至少 {LEAST_CHARACTERS} 个字符）。",
    )


def hub_page(model_id: str) -> str:
    """Where the makers of a pretrained model write what they know of its limits."""
    return f"https://huggingface.co/{model_id}"


def training_folder(card: ModelCard, settings: Settings) -> Path:
    """The prepared data that a model was trained on; an InputError that says how to get them, or what to read instead."""
    if card.kind or not LOOKED_AT & set(card.tasks):
        raise InputError(
            en=f"What {card.id} was trained on is not here to compare with; its makers' card says what they know of its "
            f"limits: {hub_page(card.id)}",
            zh=f"本机没有 {card.id} 的训练数据可供比较；关于其局限请看作者的模型卡：{hub_page(card.id)}",
        )
    if card.data in catalogue():
        folder = settings.data_dir / card.data
        if (folder / "source.json").is_file():
            return folder
        raise InputError(
            en=f"The look needs what {card.id} was trained on; fetch it: python -m aigc_demo data get {card.data}",
            zh=f"需要 {card.id} 的训练数据；请先获取：python -m aigc_demo data get {card.data}",
        )
    if folder := own_folder(card.data, settings.own_data_dir):
        return folder
    raise InputError(
        en=f"The data set {card.data[:60]}, which {card.id} was trained on, is not here any more; there is nothing to compare "
        "with.",
        zh=f"{card.id} 的训练数据集 {card.data[:60]} 已不在本机；无从比较。",
    )
