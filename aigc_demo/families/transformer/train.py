"""Training a language model: Muon for the matrices, AdamW for the rest, and a rate that rests, then falls."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.families.transformer.model import LanguageModel
from aigc_demo.families.transformer.networks import Decoder, Shape
from aigc_demo.families.transformer.saving import load_network, save_model
from aigc_demo.families.transformer.validation import Validation
from aigc_demo.language.batches import Batches
from aigc_demo.language.corpus import Corpus, targets_of
from aigc_demo.language.losses import backward_in_pieces, bits
from aigc_demo.language.muon import Muon
from aigc_demo.language.open_corpus import open_corpus
from aigc_demo.language.samples import write_samples
from aigc_demo.language.tokenizer import load_tokenizer
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
WARMUP, RESTED = 48, 0.6  # steps until the full rate, and the share of the run before it falls
ADAMW_SHARE = 0.2
WATCHED = 1.0  # held-out tokens looked at while training, in steps' worth
PIECE = {"cpu": 2100}  # tokens computed at once: what fits the cache, eight rows of 256
GPU_PIECE = 32_768


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
    if plan.size not in SIZES:
        raise InputError(
            en=f"Size {plan.size!r} is unknown; choose {', '.join(SIZES)}.",
            zh=f"未知的规模 {plan.size!r}；请选择 {'、'.join(SIZES)}。",
        )
    size = SIZES[plan.size]
    # a run that goes on keeps its own tokenizer, whatever has become of the start
    source = plan.run if states(plan.run) and (plan.run / "tokenizer.json").is_file() else plan.start
    network = load_network(source) if plan.start and source else None
    corpus = open_corpus(
        plan.data,
        size.characters,
        size.pieces,
        network.shape.context_length if network else size.context_length,
        load_tokenizer(source) if source else None,
    )
    return Learner(plan, accelerator, corpus, size, network)


class Learner:
    """Network, its average, the optimisers and the place in the data; training/loop.py says what each method is for."""

    def __init__(
        self,
        plan: TrainPlan,
        accelerator: "Accelerator",
        corpus: Corpus,
        size: Size,
        start: Decoder | None = None,
    ) -> None:
        self.plan, self.accelerator, self.corpus = plan, accelerator, corpus
        self.randomness = Randomness(plan.seed)
        self.network = (
            (start or Decoder(shape_of(size, corpus.tokenizer.get_vocab_size(), corpus.context_length)))
            .train()
            .to(accelerator.device)
        )
        freeze(self.network, plan.frozen_layers, start is not None)
        self.average = Average(self.network, decay=0.99)
        rate = plan.learning_rate or (MUON_RATE if start is None else MUON_FINE_TUNING_RATE)
        self.precision = torch.bfloat16 if accelerator.mixed_precision == "bf16" else torch.float32
        self.optimizers = make_optimizers(self.network, rate, self.precision)
        rows = plan.batch_size or max(1, round(size.batch_tokens / corpus.mean_length))
        self.batches = Batches(corpus.rows, rows * accelerator.num_processes, plan.seed)
        self.examples = round(self.batches.count * (corpus.mean_length - 1))
        self.validation = Validation(corpus, max(1, round(WATCHED * size.batch_tokens / corpus.mean_length)))

    def step(self, progress: float, rate: float) -> Mapping[str, Tensor]:
        """One optimiser step on the next batch; `loss` is in bits a predicted token, over all processes."""
        batch = self.batches.take()
        learned = int((targets_of(batch, self.corpus.separator) >= 0).sum())
        scale = self.accelerator.num_processes / max(learned, 1)  # the mean over processes follows
        nats = torch.zeros((), device=self.accelerator.device)
        for ids in self._pieces(
            own_share(interleave(batch, self.accelerator.num_processes), self.accelerator)
        ):
            nats += self._backward(ids, scale)
        average_gradients(self.network.parameters(), self.accelerator)
        for optimizer in self.optimizers.values():
            set_rate(optimizer, warmup_stable_decay(progress, self.plan.steps, WARMUP, RESTED) * rate)
            optimizer.step()
            optimizer.zero_grad()
        self.average.update(self.network)
        if self.accelerator.num_processes > 1:
            nats = self.accelerator.reduce(nats, "sum")
        return {"loss": bits(nats, max(learned, 1))}

    def _pieces(self, batch: Tensor) -> Iterator[Tensor]:
        """The rows some at a time, without columns that hold no token."""
        lengths = (batch >= 0).sum(1).tolist()
        tokens = PIECE.get(batch.device.type, GPU_PIECE)
        done = 0
        while done < len(batch):  # the longest first
            count = max(1, tokens // lengths[done])
            yield batch[done : done + count, : lengths[done]]
            done += count

    def _backward(self, ids: Tensor, scale: float) -> Tensor:
        """Forward and backward pass of rows (n, T); their summed loss in nats."""
        targets = targets_of(ids, self.corpus.separator)
        learned = targets >= 0
        with self.accelerator.autocast():
            hidden = self.network.model(ids[:, :-1].clamp(min=0))[learned]
        return backward_in_pieces(
            hidden.to(self.precision), self.network.model.embed_tokens.weight, targets[learned], scale
        )

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
        """train_bits, held_out, repetition and copied_run of the averaged network; validation.py says what they are."""
        return self.validation.figures(self.average.network)

    def sample(self) -> list[str]:
        """Four texts."""
        model = LanguageModel.of(self.average.network, self.corpus)
        return [sample.opening + sample.text for sample in write_samples(model, self.corpus.held_out_texts)]

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


def interleave(batch: Tensor, processes: int) -> Tensor:
    """Rows reordered so that consecutive shares, one a process, are alike in length; (N, T), sorted by length."""
    return batch.view(-1, processes, batch.shape[1]).transpose(0, 1).reshape(batch.shape)
