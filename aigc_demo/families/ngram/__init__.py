"""n-gram language models: what followed the last few tokens, counted; interpolated Kneser-Ney, for verse and running text."""

from pathlib import Path
from typing import TYPE_CHECKING

from aigc_demo.core.words import Text
from aigc_demo.models.family import Family, Goal, Training

if TYPE_CHECKING:
    from aigc_demo.families.ngram.model import NgramModel

FAMILY = Family(
    "ngram",
    Text("n-gram (text)", "n-gram（文本）"),
    reads="texts",
    tasks=("text",),
    trains={"full": Training("kneser-ney", ("size",), ignores=("learning_rate", "batch_size"))},
    sizes=("tiny", "small", "base"),
    pipeline_tag="text-generation",
    run_stem="ngram",
    curves={
        "bits": (("train_bits", 1, False), ("held_out", 1, True)),
        "orders": (("held_out", 1, True), ("held_out_lower", 2, True)),
        "token_loss": (("loss", 2, False),),
        "known_contexts": (("known_contexts", 3, True),),
        "repetition": (("repetition", 4, False), ("copied_run", 3, False)),
    },
    limits=Text(
        "Knows what often follows the last one to four tokens, and nothing of what stands before them.",
        "只知道最近一到四个词元之后常接什么，更早的内容一概不知。",
    ),
    losses="language/ngram.py",
    packages=("tokenizers",),
    goal=Goal("bits_per_character", "held_out"),
)


def load(folder: Path, device: str) -> "NgramModel":
    """The language model in `folder`, which works on the CPU whatever the device; an InputError where files do not fit."""
    from aigc_demo.families.ngram.model import NgramModel

    return NgramModel.load(folder)


def training_texts(data: Path) -> tuple[list[str], list[str]]:
    """The texts in a prepared folder as a model is trained on them, and those that are held out."""
    from aigc_demo.language.open_corpus import training_texts

    return training_texts(data)


def write_debug_model(folder: Path, seed: int = 0, language: str = "zh") -> None:
    """Write a tiny model that has counted random tokens of verse ("zh") or prose ("en"), through the path that training saves by."""
    import numpy as np

    from aigc_demo.families.ngram.export import export
    from aigc_demo.language.debug import debug_tokenizer
    from aigc_demo.language.ngram import KneserNey

    tokenizer, forms, _ = debug_tokenizer(language)
    vocab_size = tokenizer.get_vocab_size()
    tokens = np.random.default_rng(seed).integers(8, vocab_size, (40, 20))
    rows = [[1, *row, 2] for row in tokens.tolist()]
    export(folder, KneserNey(rows, vocab_size, 3), tokenizer, language, forms)
