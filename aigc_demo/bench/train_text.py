"""The race of a Transformer of eleven million weights, against plain_gpt.py and transformers' Trainer.

All three use AdamW, so that the loops are compared and not the optimisers.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F

from aigc_demo.bench.hf_trainer import TrainerRunner
from aigc_demo.bench.measure import Comparison
from aigc_demo.bench.plain_gpt import PlainGPT
from aigc_demo.bench.race import Race, Way, compare, told, turns
from aigc_demo.core.words import Text
from aigc_demo.language.learner import RESTED, WARMUP
from aigc_demo.models.family import family
from aigc_demo.training import TrainPlan, warmup_stable_decay

if TYPE_CHECKING:
    from accelerate import Accelerator

RATE, BETAS, DECAY = 1e-3, (0.9, 0.95), 0.1
SHAPE = {"hidden_size": 384, "layers": 6, "heads": 6, "pieces": 512, "context_length": 256}
JUDGED = 8  # held-out rows


def race_gpt(plan: TrainPlan, race: Race, accelerator: "Accelerator") -> list[Comparison]:
    """Ours against the one and against the other."""
    learner, twin = make_learner(plan, accelerator), make_learner(plan, accelerator)
    plain = PlainGPT(twin.network, RATE, BETAS, DECAY)
    trainer = TrainerRunner(twin.network, plan.run, RATE, BETAS, DECAY)
    third = make_learner(plan, accelerator)
    held_out = rows_of(learner.corpus.held_out, learner.network.shape.context_length + 1).to(
        accelerator.device
    )

    def factor(step: int) -> float:
        return warmup_stable_decay(step / race.total, race.total, WARMUP, RESTED)

    def trainer_turn(steps: range) -> float:
        return trainer.run([third.batches.take() for _ in steps], [factor(step) for step in steps])

    ours = Way(
        turns(lambda step: learner.step(step / race.total, 1.0)), lambda: loss(learner.network, held_out)
    )
    loop = Way(
        turns(lambda step: plain.step(twin.batches.take().to(accelerator.device), factor(step))),
        lambda: loss(plain.network, held_out),
    )
    peer = Way(trainer_turn, lambda: loss(lambda ids: trainer.model(ids).logits, held_out))
    race.run([ours, loop, peer])
    size = sum(weight.numel() for weight in learner.network.parameters()) / 1e6
    what = Text(f"Transformer of {size:.0f} M weights", f" {size:.0f} M 参数的 Transformer")
    return [
        compare(ours, loop, told(what, Text("a plain loop in the style of nanoGPT", "nanoGPT 风格的普通循环")), "tokens/s", 2.4),
        compare(ours, peer, told(what, Text("transformers' Trainer", "transformers 的 Trainer")), "tokens/s", 2.4),
    ]  # fmt: skip


def make_learner(plan: TrainPlan, accelerator: "Accelerator") -> Any:
    """A learner of a shape of its own, with one AdamW for all weights."""
    train = family("transformer").part("train")
    size = replace(train.SIZES["base"], **SHAPE)
    corpus = train.open_corpus(plan.data, size.characters, size.pieces, size.context_length)
    learner = train.Learner(plan, accelerator, corpus, size)
    weights = list(learner.network.parameters())
    groups = [
        {"params": [weight for weight in weights if weight.ndim == 2], "weight_decay": DECAY},
        {"params": [weight for weight in weights if weight.ndim == 1], "weight_decay": 0.0},
    ]
    learner.optimizers = {"adamw": torch.optim.AdamW(groups, lr=RATE, betas=BETAS, fused=True)}
    return learner


def rows_of(held_out: list[Any], length: int) -> Tensor:
    """The first held-out rows of full length, (JUDGED, length)."""
    return torch.tensor([row.ids for row in held_out if len(row.ids) == length][:JUDGED])


@torch.no_grad()
def loss(network: Any, rows: Tensor) -> float:
    """Cross-entropy in nats a token of rows (N, T + 1)."""
    logits = network(rows[:, :-1])
    return float(F.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten()))
