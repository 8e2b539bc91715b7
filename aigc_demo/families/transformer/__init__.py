"""Language models: a decoder-only Transformer of Llama's shape, for Chinese verse and English prose; and those of others.

Serves the tasks text and, with pretrained models, chat and rewrite. A model folder is in transformers' own format.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import Family, Goal, Kind, Training
from aigc_demo.models.placement import Placement

if TYPE_CHECKING:
    from aigc_demo.families.transformer.model import LanguageModel

FAMILY = Family(
    "transformer",
    Text("Transformer (text)", "Transformer（文本）"),
    reads="texts",
    tasks=("text",),
    trains={
        "full": Training("transformers", ("size", "frozen_layers")),
        "lora": Training(
            "peft",
            ("lora_rank", "lora_alpha", "load_in_4bit"),
            "adapter_model.safetensors",
            ("transformers", "accelerate", "peft"),
        ),
    },
    sizes=("tiny", "small", "base"),
    # "chat" and "rewrite" only where the tokenizer has a chat template
    kinds={
        "causal_lm": Kind(
            ("text", "chat", "rewrite"), ("transformers", "accelerate"), halved=True, adaptable=True
        ),
    },
    pipeline_tag="text-generation",
    run_stem="gpt",
    curves={
        "bits": (("train_bits", 1, False), ("held_out", 1, True)),
        "token_loss": (("loss", 2, False),),
        "repetition": (("repetition", 4, False), ("copied_run", 3, False)),
    },
    limits=Text(
        "Writes in the manner of its data; nothing it says is knowledge.",
        "只模仿训练数据的写法；所写内容不代表事实。",
    ),
    losses="language/losses.py",
    packages=("tokenizers",),
    goal=Goal("bits_per_character", "held_out"),
)


def load(folder: Path, device: str) -> "LanguageModel":
    """The language model in `folder`, on `device`; an InputError where files are missing or do not fit."""
    from aigc_demo.families.transformer.model import LanguageModel

    return LanguageModel.load(folder, device)


def load_pretrained(card: ModelCard, placement: Placement) -> Any:
    """The pretrained model of a card: a HubLanguageModel."""
    from aigc_demo.families.transformer import hub_text

    return hub_text.load(card, placement)


def training_texts(data: Path) -> tuple[list[str], list[str]]:
    """The texts in a prepared folder as a model is trained on them, and those that are held out."""
    from aigc_demo.language.open_corpus import training_texts

    return training_texts(data)


def write_debug_model(folder: Path, seed: int = 0, language: str = "zh") -> None:
    """Write a tiny untrained model of verse ("zh") or prose ("en"), through the path that training saves by."""
    from aigc_demo.families.transformer.debug import write_debug_model

    write_debug_model(folder, seed, language)
