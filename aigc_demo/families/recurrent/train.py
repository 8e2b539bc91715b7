"""Training an LSTM: Muon for its matrices, AdamW for the rest, clipped gradients, and for prose a state that is carried on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from aigc_demo.families.recurrent.export import export, load_network
from aigc_demo.families.recurrent.lanes import Lanes
from aigc_demo.families.recurrent.model import RecurrentModel
from aigc_demo.families.recurrent.networks import Recurrent, Shape, State
from aigc_demo.language.corpus import Corpus, ProseCorpus
from aigc_demo.language.learner import NextTokenLearner, size_of, source_of
from aigc_demo.language.likelihood import far_context
from aigc_demo.language.muon import Muon
from aigc_demo.language.open_corpus import open_corpus
from aigc_demo.language.tokenizer import load_tokenizer
from aigc_demo.training import TrainPlan, own_share

if TYPE_CHECKING:
    from accelerate import Accelerator

MUON_RATE, MUON_FINE_TUNING_RATE = 0.1, 0.03
ADAMW_SHARE = 0.2
CLIPPED = 1.0  # the norm that gradients are cut down to (Pascanu, Mikolov and Bengio 2013, section 3.2)
CONTEXT = 256  # tokens of prose that it is judged by at once; half of them are read before


@dataclass(frozen=True)
class Size:
    """What `size` chooses: network, vocabulary for verse and prose, prose's window, tokens a process and step."""

    width: int
    hidden_size: int
    layers: int
    dropout: float
    characters: int
    pieces: int
    window: int
    batch_tokens: int


SIZES = {
    "tiny": Size(64, 96, 1, 0.1, characters=2048, pieces=512, window=48, batch_tokens=768),
    "small": Size(96, 160, 1, 0.1, characters=4096, pieces=2048, window=64, batch_tokens=1600),
    "base": Size(160, 240, 2, 0.05, characters=5120, pieces=4096, window=96, batch_tokens=4096),
}


def make_learner(plan: TrainPlan, accelerator: "Accelerator") -> "Learner":
    """The learner of an LSTM on the text of `plan.data`; an InputError where the plan cannot be."""
    size, source = size_of(plan, SIZES), source_of(plan)
    network = load_network(source) if plan.start and source else None
    tokenizer = load_tokenizer(source) if source else None
    corpus = open_corpus(plan.data, size.characters, size.pieces, CONTEXT, tokenizer)
    return Learner(plan, accelerator, corpus, size, network)


class Learner(NextTokenLearner):
    """An LSTM that learns to name the next token: poems row by row, prose in lanes on which it carries its state."""

    network: Recurrent

    def __init__(
        self,
        plan: TrainPlan,
        accelerator: "Accelerator",
        corpus: Corpus,
        size: Size,
        start: Recurrent | None = None,
    ) -> None:
        shape = shape_of(size, corpus.tokenizer.get_vocab_size())
        super().__init__(plan, accelerator, corpus, lambda: start or Recurrent(shape), size.batch_tokens)
        rate = plan.learning_rate or (MUON_RATE if start is None else MUON_FINE_TUNING_RATE)
        self.optimizers = make_optimizers(self.network, rate, self.precision)
        if isinstance(corpus, ProseCorpus):
            processes = accelerator.num_processes
            lanes = plan.batch_size or max(1, size.batch_tokens // size.window)
            lanes = processes * max(1, min(lanes, len(corpus.stream) // (4 * processes * size.window)))
            self.batches = Lanes(corpus.stream, size.window, lanes, plan.seed)
            self.examples = lanes * self.batches.window

    def hidden(self, ids: Tensor) -> Tensor:
        """What logits are made of, over ids (N, T) that are each read from nothing."""
        return self.network.read(ids, self.network.new_state(len(ids)))

    @property
    def embedding(self) -> Tensor:
        """The tied embedding."""
        return self.network.embedding.weight

    def learn(self, batch: Tensor, scale: float) -> Tensor:
        """Forward and backward pass of this process's share of a batch; in lanes, on from what was read before."""
        if not isinstance(self.batches, Lanes):
            return super().learn(batch, scale)
        ids = own_share(batch, self.accelerator)
        state = self.network.new_state(len(ids))
        if self.batches.state is not None:
            kept = (own_share(part.transpose(0, 1), self.accelerator) for part in self.batches.state)
            state = State(*(part.transpose(0, 1).contiguous() for part in kept))
        with self.accelerator.autocast():
            hidden = self.network.read(ids[:, :-1], state)
        nats = self.backward(hidden, ids, scale)
        self.batches.state = (self._of_all(state.h), self._of_all(state.c))
        return nats

    def _of_all(self, part: Tensor) -> Tensor:
        """What all processes' lanes are remembered by, (layers, lanes, hidden_size), from this one's."""
        part = part.detach().float()
        if self.accelerator.num_processes == 1:
            return part
        return self.accelerator.gather(part.transpose(0, 1).contiguous()).transpose(0, 1)

    def inspect_gradients(self) -> dict[str, Tensor]:
        """The norm of all gradients, which are cut down to CLIPPED where it is larger."""
        return {"gradient_norm": torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIPPED)}

    def writer(self) -> RecurrentModel:
        """The averaged network as a model."""
        corpus = self.corpus
        return RecurrentModel(
            self.average.network, corpus.tokenizer, corpus.language, corpus.forms, corpus.context_length
        )

    def validate(self) -> dict[str, float]:
        """What every language model is looked at for, and what text further back than eight tokens is worth to it."""
        return {**super().validate(), **far_context(self.writer(), self.validation.held_out)}

    def export(self, final: bool) -> None:
        """The averaged weights with the tokenizer."""
        corpus = self.corpus
        export(
            self.plan.run,
            self.average.network,
            corpus.tokenizer,
            corpus.language,
            corpus.forms,
            corpus.context_length,
        )


def shape_of(size: Size, vocab_size: int) -> Shape:
    """The shape of a new network."""
    return Shape(vocab_size, size.width, size.hidden_size, size.layers, size.dropout)


def make_optimizers(
    network: Recurrent, rate: float, precision: torch.dtype
) -> dict[str, torch.optim.Optimizer]:
    """Muon for the matrices of the gates and the projection, AdamW for embedding and biases; `precision`: what Muon multiplies in."""
    named = list(network.named_parameters())
    matrices = [weight for name, weight in named if weight.ndim == 2 and "embedding" not in name]
    rest = [weight for name, weight in named if weight.ndim == 1 or "embedding" in name]
    return {
        "muon": Muon(matrices, lr=rate, weight_decay=0.1, precision=precision),
        "adamw": torch.optim.AdamW(
            rest, lr=rate * ADAMW_SHARE, betas=(0.9, 0.95), weight_decay=0.0, fused=True
        ),
    }


def count_parameters(size: str) -> int:
    """Numbers in a new model of a preset size, with all the pieces of its vocabulary; takes no memory."""
    with torch.device("meta"):
        network = Recurrent(shape_of(SIZES[size], SIZES[size].pieces))
    return sum(weight.numel() for weight in network.parameters())
