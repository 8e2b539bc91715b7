"""Sequence to sequence: an encoder reads one text, a decoder writes another; trained here, or pretrained by others.

Serves the task rewrite: couplets, translation, titles by networks of its own, LSTM with and without attention or
Transformer; with pretrained Marian and T5 models of others, translation and summaries.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import Family, Kind, Training
from aigc_demo.models.placement import Placement

if TYPE_CHECKING:
    from aigc_demo.families.seq2seq.hub_rewrite import HubRewriter
    from aigc_demo.families.seq2seq.model import PairModel

FAMILY = Family(
    "seq2seq",
    Text("Sequence to sequence", "序列到序列"),
    reads="pairs",
    tasks=("rewrite",),
    trains={"full": Training("torch", ("size", "architecture", "label_smoothing"))},
    sizes=("tiny", "small", "base"),
    architectures=("lstm", "lstm-attention", "transformer"),
    kinds={"seq2seq": Kind(("rewrite",), ("transformers", "sentencepiece"))},
    pipeline_tag="text2text-generation",
    run_stem="pairs",
    curves={
        "bits": (("train_bits", 1, False), ("held_out", 1, True), ("wrong_source", 3, True)),
        "token_loss": (("loss", 2, False),),
        "repetition": (("repetition", 4, False),),
    },
    limits=Text(
        "Does with a text what its pairs show, and only that; on texts unlike them it fails.",
        "只会按训练句对的方式处理文字；遇到与之不同的文字就会出错。",
    ),
    packages=("tokenizers",),
)


def load(folder: Path, device: str) -> "PairModel":
    """The model in `folder`, on `device`; an InputError where files are missing or do not fit."""
    from aigc_demo.families.seq2seq.model import PairModel

    return PairModel.load(folder, device)


def load_pretrained(card: ModelCard, placement: Placement) -> "HubRewriter":
    """The pretrained model of a card."""
    from aigc_demo.families.seq2seq import hub_rewrite

    return hub_rewrite.load(card, placement)
