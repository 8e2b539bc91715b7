"""Sequence to sequence: a Transformer with an encoder and a decoder, which rewrites one text as another.

Serves the task rewrite (translate, summarise) with the pretrained Marian and T5 models of others.

hub_rewrite.py  a pretrained model as the app uses it; a long text in parts, cut between sentences
losses.py       what such a model is trained on
"""

from typing import TYPE_CHECKING

from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import Family, Kind
from aigc_demo.models.placement import Placement

if TYPE_CHECKING:
    from aigc_demo.families.seq2seq.hub_rewrite import HubRewriter

FAMILY = Family(
    "seq2seq",
    Text("Sequence to sequence", "序列到序列"),
    kinds={"seq2seq": Kind(("rewrite",), ("transformers", "sentencepiece"))},
)


def load_pretrained(card: ModelCard, placement: Placement) -> "HubRewriter":
    """The pretrained model of a card."""
    from aigc_demo.families.seq2seq import hub_rewrite

    return hub_rewrite.load(card, placement)
