"""Language models: a decoder-only Transformer of Llama's shape, for Chinese verse and English prose.

Serves the task text. A model folder is in transformers' own format.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aigc_demo.transformer.model import LanguageModel


def load(folder: Path, device: str) -> "LanguageModel":
    """The language model in `folder`, on `device`; an InputError where files are missing or do not fit."""
    from aigc_demo.transformer.model import LanguageModel

    return LanguageModel.load(folder, device)


def write_debug_model(folder: Path, seed: int = 0, language: str = "zh") -> None:
    """Write a tiny untrained model of verse ("zh") or prose ("en"), through the path that training saves by."""
    from aigc_demo.transformer.debug import write_debug_model

    write_debug_model(folder, seed, language)
