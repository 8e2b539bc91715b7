"""Training an encoder-decoder on pairs: teacher forcing, Muon for the matrices, AdamW for the rest."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.families.seq2seq.architectures import build
from aigc_demo.families.seq2seq.corpus import SEPARATOR, Corpus, open_corpus, to_batch
from aigc_demo.families.seq2seq.losses import IGNORED, teacher_forced_loss
from aigc_demo.families.seq2seq.model import PairModel
from aigc_demo.families.seq2seq.networks import EncoderDecoder, Shape
from aigc_demo.families.seq2seq.saving import load_network, save_model
from aigc_demo.families.seq2seq.validation import Validation
from aigc_demo.families.seq2seq.vocabulary import Vocabulary
from aigc_demo.language.batches import Batches
from aigc_demo.language.losses import backward_in_pieces, bits
from aigc_demo.language.muon import Muon
from aigc_demo.models.checkpoints import states
from aigc_demo.training import (
    Average,
    Randomness,
    TrainPlan,
    average_gradients,
    own_share,
    set_rate,
    warmup_stable_decay,
)

if TYPE_CHECKING:
    from accelerate import Accelerator

MUON_RATE, MUON_FINE_TUNING_RATE = 0.02, 0.01
ADAMW_SHARE = 0.2  # of Muon's rate
WARMUP, RESTED = 48, 0.5  # steps until the full rate, and the share of the run before it falls
PIECE = {"cpu": 2500}  # target tokens computed at once: what fits the cache
GPU_PIECE = 32_768
FEW = 1.0  # target tokens a weight, below which a network would soon know its pairs by heart
DROPOUT = 0.2  # where they are few


@dataclass(frozen=True)
class Size:
    """What `size` chooses; `width` is the Transformer's, `recurrent` that of an LSTM, of about as many weights."""

    embedding: int
    width: int
    recurrent: int
    layers: int
    heads: int
    pieces: int
    longest: int
    batch_tokens: int


SIZES = {
    "tiny": Size(48, 64, 96, layers=2, heads=4, pieces=2000, longest=64, batch_tokens=1000),
    "small": Size(56, 80, 128, layers=2, heads=4, pieces=4000, longest=96, batch_tokens=2000),
    "base": Size(96, 128, 224, layers=3, heads=4, pieces=6000, longest=96, batch_tokens=4000),
}


def make_learner(plan: TrainPlan, accelerator: "Accelerator") -> "Learner":
    """The learner of an encoder-decoder on the pairs of `plan.data`; an InputError where the plan cannot be."""
    if plan.size not in SIZES:
        raise InputError(
            en=f"Size {plan.size!r} is unknown; choose {', '.join(SIZES)}.",
            zh=f"未知的规模 {plan.size!r}；请选择 {'、'.join(SIZES)}。",
        )
    size = SIZES[plan.size]
    # a run that goes on keeps its own vocabulary, whatever has become of the start
    source = plan.run if states(plan.run) and (plan.run / "tokenizer.json").is_file() else plan.start
    network = load_network(source) if plan.start and source else None
    longest = network.shape.longest if network else size.longest
    corpus = open_corpus(plan.data, size.pieces, longest, Vocabulary.load(source) if source else None)
    return Learner(plan, accelerator, corpus, size, network)


class Learner:
    """Network, its average, the optimisers and the place in the data; training/loop.py says what each method is for."""

    def __init__(
        self,
        plan: TrainPlan,
        accelerator: "Accelerator",
        corpus: Corpus,
        size: Size,
        start: EncoderDecoder | None = None,
    ) -> None:
        self.plan, self.accelerator, self.corpus = plan, accelerator, corpus
        self.randomness = Randomness(plan.seed)
        network = start or new_network(shape_of(size, plan.architecture, len(corpus.vocabulary)), corpus)
        self.network = network.train().to(accelerator.device)
        self.average = Average(self.network, decay=0.995)
        rate = plan.learning_rate or (MUON_RATE if start is None else MUON_FINE_TUNING_RATE)
        self.precision = torch.bfloat16 if accelerator.mixed_precision == "bf16" else torch.float32
        self.optimizers = make_optimizers(self.network, rate, self.precision)
        rows = plan.batch_size or max(1, round(size.batch_tokens / corpus.mean_target))
        self.batches = Batches(corpus.rows, rows * accelerator.num_processes, plan.seed)
        self.examples = round(self.batches.count * corpus.mean_target)
        self.validation = Validation(corpus)

    def step(self, progress: float, rate: float) -> Mapping[str, Tensor]:
        """One optimiser step on the next batch; `loss` is in bits a target token, over all processes."""
        batch, processes = self.batches.take(), self.accelerator.num_processes
        learned = count_targets(batch)
        own = own_share(interleave(batch, processes), self.accelerator)
        nats = torch.zeros((), device=self.accelerator.device)
        for rows in self._pieces(own):
            nats += self._backward(rows, learned)
        average_gradients(self.network.parameters(), self.accelerator)
        for optimizer in self.optimizers.values():
            set_rate(optimizer, warmup_stable_decay(progress, self.plan.steps, WARMUP, RESTED) * rate)
            optimizer.step()
            optimizer.zero_grad()
        self.average.update(self.network)
        if processes > 1:
            nats = self.accelerator.reduce(nats, "sum")
        return {"loss": bits(nats, max(learned, 1))}

    def _pieces(self, batch: Tensor) -> Iterator[list[list[int]]]:
        """The rows some at a time, the longest first."""
        rows = [row[row != IGNORED].tolist() for row in batch.cpu()]
        most = PIECE.get(self.accelerator.device.type, GPU_PIECE)
        while rows:
            count = max(1, most // len(rows[0]))
            yield rows[:count]
            rows = rows[count:]

    def _backward(self, rows: list[list[int]], learned: int) -> Tensor:
        """Forward and backward pass of rows; their share of the batch's loss, as a sum in nats."""
        batch = to_batch(rows, self.corpus.vocabulary.start).to(self.accelerator.device)
        scale = self.accelerator.num_processes / learned  # the mean over processes follows
        wanted = batch.targets != IGNORED
        with self.accelerator.autocast():
            hidden = self.network.before_odds(batch.source, batch.tokens)[wanted]
        embedding, targets = self.network.embedding.weight, batch.targets[wanted]
        if not self.plan.label_smoothing:  # the same loss without the logits of the whole batch at once
            return backward_in_pieces(hidden.to(self.precision), embedding, targets, scale)
        logits = F.linear(hidden.float(), embedding)
        nats = teacher_forced_loss(logits[None], targets[None], self.plan.label_smoothing) * len(targets)
        (nats * scale).backward()
        return nats.detach()

    def parts(self) -> dict[str, Any]:
        """Everything with a state_dict, by name."""
        return {
            "network": self.network,
            "average": self.average,
            "batches": self.batches,
            "randomness": self.randomness,
            **self.optimizers,
        }

    def validate(self) -> dict[str, float]:
        """train_bits, held_out, wrong_source and repetition of the averaged network; evaluate.py says what they are."""
        return self.validation.figures(self._model())

    def sample(self) -> list[str]:
        """Some held-out sources, each with what the model makes of it."""
        return self.validation.samples(self._model())

    def _model(self) -> PairModel:
        return PairModel(self.average.network, self.corpus.vocabulary, self.corpus.task)

    def export(self, final: bool) -> None:
        """The averaged weights with the vocabulary."""
        save_model(self.plan.run, self.average.network, self.corpus.vocabulary, self.corpus.task)


def count_parameters(size: str) -> int:
    """Numbers in a new Transformer of a preset size, with all the pieces of its vocabulary; takes no memory."""
    with torch.device("meta"):
        network = build(shape_of(SIZES[size], "transformer", SIZES[size].pieces))
    return sum(weight.numel() for weight in network.parameters())


def shape_of(size: Size, architecture: str, vocab_size: int) -> Shape:
    """The shape of a new network; "auto" is the Transformer."""
    architecture = "transformer" if architecture == "auto" else architecture
    width = size.width if architecture == "transformer" else size.recurrent
    return Shape(architecture, vocab_size, size.embedding, width, size.layers, size.heads, size.longest)


def new_network(shape: Shape, corpus: Corpus) -> EncoderDecoder:
    """A network of random weights, with dropout where there are few target tokens for its weights."""
    network = build(shape)
    if corpus.target_tokens < FEW * sum(weight.numel() for weight in network.parameters()):
        network = build(replace(shape, dropout=DROPOUT))
    return network


def make_optimizers(
    network: EncoderDecoder, rate: float, precision: torch.dtype
) -> dict[str, torch.optim.Optimizer]:
    """Muon for the matrices, AdamW for embedding, norms and biases. `precision` is what Muon multiplies in."""
    named = list(network.named_parameters())
    matrices = [weight for name, weight in named if weight.ndim == 2 and name != "embedding.weight"]
    rest = [weight for name, weight in named if weight.ndim == 1 or name == "embedding.weight"]
    return {
        "muon": Muon(matrices, lr=rate, weight_decay=0.1, precision=precision),
        "adamw": torch.optim.AdamW(
            rest, lr=rate * ADAMW_SHARE, betas=(0.9, 0.95), weight_decay=0.0, fused=True
        ),
    }


def count_targets(batch: Tensor) -> int:
    """How many target tokens the rows (N, T) of a batch teach: all behind the separator, the end included."""
    behind = (batch == SEPARATOR).cumsum(1) - (batch == SEPARATOR).long()
    return int(((behind > 0) & (batch != IGNORED)).sum())


def interleave(batch: Tensor, processes: int) -> Tensor:
    """Rows reordered so that consecutive shares, one a process, are alike in length; (N, T), sorted by length."""
    return batch.view(-1, processes, batch.shape[1]).transpose(0, 1).reshape(batch.shape)
