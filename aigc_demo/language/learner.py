"""A network that learns to name the next token: what its training shares, whatever the network is.

training/loop.py says what each method of a learner is for.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn

from aigc_demo.core.errors import InputError
from aigc_demo.language.batches import Batches
from aigc_demo.language.corpus import Corpus, targets_of
from aigc_demo.language.losses import backward_in_pieces, bits
from aigc_demo.language.samples import write_samples
from aigc_demo.language.validation import Validation
from aigc_demo.language.writer import Writer
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

WARMUP, RESTED = 48, 0.6  # steps until the full rate, and the share of the run before it falls
WATCHED = 1.0  # held-out tokens looked at while training, in steps' worth
PIECE = {"cpu": 2100}  # tokens computed at once: what fits the cache, eight rows of 256
GPU_PIECE = 32_768
Size = TypeVar("Size")


def size_of(plan: TrainPlan, sizes: Mapping[str, Size]) -> Size:
    """What the plan's `size` chooses; an InputError where it is none of the family's."""
    if plan.size not in sizes:
        raise InputError(
            en=f"Size {plan.size!r} is unknown; choose {', '.join(sizes)}.",
            zh=f"未知的规模 {plan.size!r}；请选择 {'、'.join(sizes)}。",
        )
    return sizes[plan.size]


def source_of(plan: TrainPlan) -> Path | None:
    """The folder whose tokenizer a run keeps: its own where it goes on, whatever has become of its start; else its start's."""
    return plan.run if states(plan.run) and (plan.run / "tokenizer.json").is_file() else plan.start


class NextTokenLearner:
    """Network, its average, the optimisers and the place in the data.

    A family sets `optimizers`, and says how its network makes `hidden` states that the matrix `embedding` turns to logits,
    how it is used as a `writer`, and how it is exported.
    """

    optimizers: dict[str, torch.optim.Optimizer]

    def __init__(
        self,
        plan: TrainPlan,
        accelerator: "Accelerator",
        corpus: Corpus,
        network: Callable[[], nn.Module],
        batch_tokens: int,
    ) -> None:
        """`network` makes or hands over what is trained, once the run's seed is set; `batch_tokens`: a process and step."""
        self.plan, self.accelerator, self.corpus = plan, accelerator, corpus
        self.randomness = Randomness(plan.seed)
        self.network = network().train().to(accelerator.device)
        self.average = Average(self.network, decay=0.99)
        self.precision = torch.bfloat16 if accelerator.mixed_precision == "bf16" else torch.float32
        self.rows = plan.batch_size or max(1, round(batch_tokens / corpus.mean_length))
        self.batches: Any = Batches(corpus.rows, self.rows * accelerator.num_processes, plan.seed)
        self.examples = round(self.rows * accelerator.num_processes * (corpus.mean_length - 1))
        self.validation = Validation(corpus, max(1, round(WATCHED * batch_tokens / corpus.mean_length)))

    def hidden(self, ids: Tensor) -> Tensor:
        """States (N, T, width) of the trained network over ids (N, T)."""
        raise NotImplementedError

    @property
    def embedding(self) -> Tensor:
        """The matrix (vocab, width) that makes states to logits."""
        raise NotImplementedError

    def writer(self) -> Writer:
        """The averaged network as the model that it would be."""
        raise NotImplementedError

    def step(self, progress: float, rate: float) -> Mapping[str, Tensor]:
        """One optimiser step on the next batch; `loss` is in bits a predicted token, over all processes."""
        batch = self.batches.take()
        learned = int((targets_of(batch, self.corpus.separator) >= 0).sum())
        nats = self.learn(
            batch, self.accelerator.num_processes / max(learned, 1)
        )  # the mean over processes follows
        average_gradients(self.network.parameters(), self.accelerator)
        figures = self.inspect_gradients()
        for optimizer in self.optimizers.values():
            set_rate(optimizer, warmup_stable_decay(progress, self.plan.steps, WARMUP, RESTED) * rate)
            optimizer.step()
            optimizer.zero_grad()
        self.average.update(self.network)
        if self.accelerator.num_processes > 1:
            nats = self.accelerator.reduce(nats, "sum")
        return {"loss": bits(nats, max(learned, 1)), **figures}

    def learn(self, batch: Tensor, scale: float) -> Tensor:
        """Forward and backward pass of this process's share of a batch (N, T); its summed loss in nats."""
        nats = torch.zeros((), device=self.accelerator.device)
        share = own_share(interleave(batch, self.accelerator.num_processes), self.accelerator)
        for ids in pieces(share):
            with self.accelerator.autocast():
                states = self.hidden(ids[:, :-1].clamp(min=0))
            nats += self.backward(states, ids, scale)
        return nats

    def backward(self, states: Tensor, ids: Tensor, scale: float) -> Tensor:
        """Backward pass from states (N, T - 1, width) over rows (N, T); their summed loss in nats."""
        targets = targets_of(ids, self.corpus.separator)
        learned = targets >= 0
        states = states[learned].to(self.precision)
        return backward_in_pieces(states, self.embedding, targets[learned], scale)

    def inspect_gradients(self) -> dict[str, Tensor]:
        """A look at the gradients before they are used, and figures of them for the log."""
        return {}

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
        return self.validation.figures(self.writer())

    def sample(self) -> list[str]:
        """Four texts."""
        return [
            sample.opening + sample.text
            for sample in write_samples(self.writer(), self.corpus.held_out_texts)
        ]


def pieces(batch: Tensor) -> Iterator[Tensor]:
    """The rows of a batch some at a time, without columns that hold no token."""
    lengths = (batch >= 0).sum(1).tolist()
    tokens = PIECE.get(batch.device.type, GPU_PIECE)
    done = 0
    while done < len(batch):  # the longest first
        count = max(1, tokens // lengths[done])
        yield batch[done : done + count, : lengths[done]]
        done += count


def interleave(batch: Tensor, processes: int) -> Tensor:
    """Rows reordered so that consecutive shares, one a process, are alike in length; (N, T), sorted by length."""
    return batch.view(-1, processes, batch.shape[1]).transpose(0, 1).reshape(batch.shape)
