"""Training a language model: Muon for the matrices, AdamW for the rest, and a rate that rests, then falls.

A run can be stopped or killed at any step and goes on from its last save, bit for bit: the order of the data is
a function of seed and epoch, and the optimisers' state is saved with the weights.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aigc_demo.checkpoints import load_state, save_state
from aigc_demo.errors import InputError
from aigc_demo.training import Average, Clock, Log, Progress, StopFlag, set_rate
from aigc_demo.transformer.corpus import open_corpus, targets_of
from aigc_demo.transformer.evaluate import held_out_bits
from aigc_demo.transformer.folder import save_model
from aigc_demo.transformer.losses import backward_in_pieces, bits
from aigc_demo.transformer.muon import Muon
from aigc_demo.transformer.networks import Decoder, Shape


@dataclass(frozen=True)
class Size:
    """What --size chooses: the network, its vocabulary for verse and prose, and the tokens of one step."""

    hidden_size: int
    layers: int
    heads: int
    characters: int
    pieces: int
    batch_tokens: int
    batches: int


SIZES = {
    "tiny": Size(64, layers=2, heads=2, characters=2048, pieces=512, batch_tokens=600, batches=1),
    "small": Size(128, layers=4, heads=4, characters=4096, pieces=2048, batch_tokens=1300, batches=2),
    "base": Size(256, layers=4, heads=4, characters=5120, pieces=4096, batch_tokens=1300, batches=3),
}


WATCHED = 300  # held-out rows looked at while training


@dataclass(frozen=True)
class TrainPlan:
    """One run: `data` a prepared folder or a text file, `run` the folder it writes, `steps` optimiser steps."""

    data: Path
    run: Path
    size: str = "tiny"
    steps: int = 500
    seed: int = 0
    save_every: int = 100


def rate_factor(step: int, steps: int) -> float:
    """Factor on the learning rate: up over 48 steps (a tenth of a short run), 1 until 60 %, then linearly to 0.

    Until 60 % the course does not depend on the length of the run, so a run under way can still be made
    shorter or longer. (Hu et al. 2024, MiniCPM, section 4: warm-up, stable, decay.)
    """
    done = step + 0.5
    return min(done / min(48, steps / 10), 1.0, (steps - done) / (0.4 * steps))


class Trainer:
    """Network, optimisers and the place in the data: everything that a save must hold."""

    def __init__(self, plan: TrainPlan) -> None:
        if plan.size not in SIZES:
            raise InputError(
                en=f"Size {plan.size!r} is unknown; choose {', '.join(SIZES)}.",
                zh=f"未知的规模 {plan.size!r}；请选择 {'、'.join(SIZES)}。",
            )
        if min(plan.steps, plan.save_every) < 1:
            raise InputError(
                en=f"{plan.steps} steps, saved every {plan.save_every}: both must be at least 1.",
                zh=f"共 {plan.steps} 步、每 {plan.save_every} 步保存一次：两者都至少为 1。",
            )
        size = SIZES[plan.size]
        self.plan, self.size = plan, size
        self.corpus = open_corpus(plan.data, size.characters, size.pieces, plan.seed)
        torch.manual_seed(plan.seed)
        self.network = Decoder(
            Shape(
                vocab_size=self.corpus.tokenizer.get_vocab_size(),
                hidden_size=size.hidden_size,
                layers=size.layers,
                heads=size.heads,
                intermediate_size=size.hidden_size * 11 // 4,
                context_length=self.corpus.context_length,
            )
        )
        self.average = Average(self.network, decay=0.99)
        self.optimizers = make_optimizers(self.network)
        self.step = self.epoch = self.position = 0
        self.batches: list[Tensor] = []

    def next_batch(self) -> Tensor:
        """The next ids (rows, length), from this epoch or the first of the next."""
        if self.batches and self.position == len(self.batches):
            self.epoch, self.position, self.batches = self.epoch + 1, 0, []
        if not self.batches:
            self.batches = self.corpus.epoch(self.epoch, self.size.batch_tokens)
        self.position += 1
        return self.batches[self.position - 1]

    def update(self) -> float:
        """One optimiser step over `batches` batches; the mean loss in bits per predicted token."""
        scale = 1.0 / (self.size.batches * self.size.batch_tokens)
        loss, count = 0.0, 0
        for _ in range(self.size.batches):
            ids = self.next_batch()
            targets = targets_of(ids, self.corpus.separator)
            learned = targets >= 0
            hidden = self.network.model(ids[:, :-1])[learned]
            embedding = self.network.model.embed_tokens.weight
            loss += backward_in_pieces(hidden, embedding, targets[learned], scale).item()
            count += len(hidden)
        for optimizer in self.optimizers:
            set_rate(optimizer, rate_factor(self.step, self.plan.steps))
            optimizer.step()
            optimizer.zero_grad()
        self.average.update(self.network)
        self.step += 1
        return bits(loss, count)

    def save(self, seconds: float) -> None:
        """The averaged weights for use, and the state to go on from."""
        save_model(self.plan.run, self.average.network, self.corpus.tokenizer, self.corpus.language)
        parts: dict[str, Any] = {name: getattr(self, name) for name in ("step", "epoch", "position")}
        parts["network"] = self.network.state_dict()
        parts["average"] = self.average.state_dict()
        parts["optimizers"] = [optimizer.state_dict() for optimizer in self.optimizers]
        save_state(self.plan.run, {**parts, "seconds": seconds})

    def resume(self) -> float:
        """Go on from the folder's last save, if there is one; the seconds trained before."""
        state = load_state(self.plan.run)
        if state is None:
            return 0.0
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.epoch = state["step"], state["epoch"]
        self.batches = self.corpus.epoch(self.epoch, self.size.batch_tokens)
        self.position = state["position"]
        return state["seconds"]


def make_optimizers(network: Decoder) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for embedding and norms."""
    matrices = [w for name, w in network.named_parameters() if w.ndim == 2 and "embed" not in name]
    rest = [w for name, w in network.named_parameters() if w.ndim == 1 or "embed" in name]
    return [
        Muon(matrices, lr=0.02, weight_decay=0.1),
        torch.optim.AdamW(rest, lr=0.004, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def train(plan: TrainPlan) -> Iterator[Progress]:
    """Run `plan`, from its last save where there is one; a Progress each step, a save each `save_every` steps.

    The file STOP in the run folder ends it after the step under way, with a save. The last figures hold
    `held_out`, the bits per character on held-out text, where the data has any.
    """
    plan.run.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(plan)
    clock, log, stop = Clock(trainer.resume()), Log(plan.run / "log.jsonl"), StopFlag(plan.run)
    stop.clear()
    while trainer.step < plan.steps and not stop.is_set():
        figures = {"loss": trainer.update()}
        if trainer.step % plan.save_every == 0 or trainer.step == plan.steps:
            trainer.save(clock.seconds())
            if trainer.corpus.held_out:
                every = max(1, len(trainer.corpus.held_out) // WATCHED)
                figures["held_out"] = held_out_bits(trainer.average.network, trainer.corpus.held_out[::every])
        progress = Progress(trainer.step, plan.steps, clock.seconds(), figures)
        if trainer.step % 10 == 0 or "held_out" in figures:
            log.write(progress)
        yield progress
    if trainer.step % plan.save_every:
        trainer.save(clock.seconds())
