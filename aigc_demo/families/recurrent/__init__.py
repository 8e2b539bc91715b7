"""Recurrent language models: an LSTM that carries a memory from token to token, for Chinese verse and running text."""

from pathlib import Path
from typing import TYPE_CHECKING

from aigc_demo.core.words import Text
from aigc_demo.models.family import Family, Goal, Training

if TYPE_CHECKING:
    from aigc_demo.families.recurrent.model import RecurrentModel

FAMILY = Family(
    "recurrent",
    Text("LSTM (text)", "LSTM（文本）"),
    reads="texts",
    tasks=("text",),
    trains={"full": Training("pytorch", ("size",))},
    sizes=("tiny", "small", "base"),
    pipeline_tag="text-generation",
    run_stem="lstm",
    curves={
        "bits": (("train_bits", 1, False), ("held_out", 1, True)),
        "token_loss": (("loss", 2, False),),
        "gradient_norm": (("gradient_norm", 3, False),),
        "far_context": (("far_context", 2, True),),
        "repetition": (("repetition", 4, False), ("copied_run", 3, False)),
    },
    limits=Text(
        "Writes in the manner of its data; nothing it says is knowledge. What stood long ago it remembers only as far as"
        " one row of numbers holds it.",
        "只模仿训练数据的写法；所写内容不代表事实。很早以前的内容，只记得住一行数字装得下的那些。",
    ),
    losses="language/losses.py",
    packages=("tokenizers",),
    goal=Goal("bits_per_character", "held_out"),
)


def load(folder: Path, device: str) -> "RecurrentModel":
    """The language model in `folder`, on `device`; an InputError where files are missing or do not fit."""
    from aigc_demo.families.recurrent.model import RecurrentModel

    return RecurrentModel.load(folder, device)


def training_texts(data: Path) -> tuple[list[str], list[str]]:
    """The texts in a prepared folder as a model is trained on them, and those that are held out."""
    from aigc_demo.language.open_corpus import training_texts

    return training_texts(data)


def write_debug_model(folder: Path, seed: int = 0, language: str = "zh") -> None:
    """Write a tiny untrained model of verse ("zh") or prose ("en"), through the path that training saves by."""
    import torch

    from aigc_demo.families.recurrent.export import export
    from aigc_demo.families.recurrent.networks import Recurrent, Shape
    from aigc_demo.language.debug import debug_tokenizer

    tokenizer, forms, context = debug_tokenizer(language)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Recurrent(Shape(tokenizer.get_vocab_size(), width=12, hidden_size=16, layers=2))
    export(folder, network, tokenizer, language, forms, context)
