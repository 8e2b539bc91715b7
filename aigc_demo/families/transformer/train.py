"""Training a Transformer: Muon for the matrices, AdamW for the rest, and a rate that rests, then falls."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.families.transformer.model import LanguageModel
from aigc_demo.families.transformer.networks import Decoder, Shape
from aigc_demo.families.transformer.saving import load_network, save_model
from aigc_demo.language.corpus import Corpus
from aigc_demo.language.learner import NextTokenLearner, size_of, source_of
from aigc_demo.language.muon import Muon
from aigc_demo.language.open_corpus import open_corpus
from aigc_demo.language.tokenizer import load_tokenizer
from aigc_demo.training import TrainPlan

if TYPE_CHECKING:
    from accelerate import Accelerator

MUON_RATE, MUON_FINE_TUNING_RATE = 0.02, 0.01
ADAMW_SHARE = 0.2


@dataclass(frozen=True)
class Size:
    """What `size` chooses: network, vocabulary for verse and prose, prose's context, tokens a process and step."""

    hidden_size: int
    layers: int
    heads: int
    characters: int
    pieces: int
    context_length: int
    batch_tokens: int


SIZES = {
    "tiny": Size(64, layers=2, heads=2, characters=2048, pieces=512, context_length=96, batch_tokens=768),
    "small": Size(
        128, layers=4, heads=4, characters=4096, pieces=2048, context_length=128, batch_tokens=1600
    ),
    "base": Size(256, layers=6, heads=4, characters=5120, pieces=4096, context_length=256, batch_tokens=4096),
}


def make_learner(plan: TrainPlan, accelerator: "Accelerator") -> "Learner":
    """The learner of a language model on the text of `plan.data`; an InputError where the plan cannot be."""
    size, source = size_of(plan, SIZES), source_of(plan)
    network = load_network(source) if plan.start and source else None
    corpus = open_corpus(
        plan.data,
        size.characters,
        size.pieces,
        network.shape.context_length if network else size.context_length,
        load_tokenizer(source) if source else None,
    )
    return Learner(plan, accelerator, corpus, size, network)


class Learner(NextTokenLearner):
    """A Transformer that learns to name the next token, from the start or on from `start`."""

    network: Decoder

    def __init__(
        self,
        plan: TrainPlan,
        accelerator: "Accelerator",
        corpus: Corpus,
        size: Size,
        start: Decoder | None = None,
    ) -> None:
        def build() -> Decoder:
            shape = shape_of(size, corpus.tokenizer.get_vocab_size(), corpus.context_length)
            network = start or Decoder(shape)
            freeze(network, plan.frozen_layers, start is not None)
            return network

        super().__init__(plan, accelerator, corpus, build, size.batch_tokens)
        rate = plan.learning_rate or (MUON_RATE if start is None else MUON_FINE_TUNING_RATE)
        self.optimizers = make_optimizers(self.network, rate, self.precision)

    def hidden(self, ids: Tensor) -> Tensor:
        """The normed stream over ids (N, T)."""
        return self.network.model(ids)

    @property
    def embedding(self) -> Tensor:
        """The tied embedding."""
        return self.network.model.embed_tokens.weight

    def writer(self) -> LanguageModel:
        """The averaged network as a model."""
        return LanguageModel.of(self.average.network, self.corpus)

    def export(self, final: bool) -> None:
        """The averaged weights with the tokenizer."""
        save_model(
            self.plan.run,
            self.average.network,
            self.corpus.tokenizer,
            self.corpus.language,
            self.corpus.forms,
        )


def count_parameters(size: str) -> int:
    """Numbers in a new model of a preset size, with all the pieces of its vocabulary; takes no memory."""
    with torch.device("meta"):
        network = Decoder(shape_of(SIZES[size], SIZES[size].pieces, SIZES[size].context_length))
    return sum(weight.numel() for weight in network.parameters())


def shape_of(size: Size, vocab_size: int, context_length: int) -> Shape:
    """The shape of a new network."""
    return Shape(
        vocab_size=vocab_size,
        hidden_size=size.hidden_size,
        layers=size.layers,
        heads=size.heads,
        intermediate_size=size.hidden_size * 11 // 4,
        context_length=context_length,
        qk_norm=True,
    )


def freeze(network: Decoder, layers: int, is_trained: bool) -> None:
    """Keep the embedding and the first `layers` layers as they are; 0 freezes nothing.

    The embedding is the output matrix too, so a network with frozen layers keeps its words and learns their use.
    """
    if not layers:
        return
    if not is_trained or layers >= network.shape.layers:
        raise InputError(
            en=f"{layers} frozen layers: choose a model to start from, and fewer than its {network.shape.layers} layers.",
            zh=f"冻结 {layers} 层：请选择一个起点模型，且冻结层数须少于其 {network.shape.layers} 层。",
        )
    for part in (network.model.embed_tokens, *network.model.layers[:layers]):
        part.requires_grad_(False)


def make_optimizers(
    network: Decoder, rate: float, precision: torch.dtype
) -> dict[str, torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for embedding and norms, of what is not frozen.

    `precision` is what Muon multiplies in.
    """
    learned = [(name, weight) for name, weight in network.named_parameters() if weight.requires_grad]
    matrices = [weight for name, weight in learned if weight.ndim == 2 and "embed" not in name]
    rest = [weight for name, weight in learned if weight.ndim == 1 or "embed" in name]
    return {
        "muon": Muon(matrices, lr=rate, weight_decay=0.1, precision=precision),
        "adamw": torch.optim.AdamW(
            rest, lr=rate * ADAMW_SHARE, betas=(0.9, 0.95), weight_decay=0.0, fused=True
        ),
    }
