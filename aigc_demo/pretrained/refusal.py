"""What is said of a model that is not taken: its name, why, and what to do instead."""

from pathlib import Path

from aigc_demo.core.errors import InputError


def refused(model_id: str, en: str, zh: str) -> InputError:
    """An InputError: `model_id` is not used, because ..."""
    return InputError(
        en=f"{model_id} is not used: {en}; choose another model.",
        zh=f"不使用 {model_id}：{zh}；请换一个模型。",
    )


def name_of(folder: Path) -> str:
    """What to call the model in a folder: its id where the hub's cache keeps it, else the folder's name."""
    for parent in (folder, *folder.parents):
        if parent.name.startswith("models--"):
            return parent.name.removeprefix("models--").replace("--", "/")
    return folder.name
