"""What every training loop shares: averaged weights, learning-rate schedule, log, stop flag, random state.

Helpers, not a framework. A family's `train.py` holds the loop itself, as a generator that yields a
`Progress` now and then, so that the caller (command line, page, test) decides how to show and when to stop.
"""

import json
import math
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True)
class Progress:
    """One line of the log: where training is and what it measured."""

    step: int
    steps: int
    seconds: float
    figures: dict[str, float] = field(default_factory=dict)


class Average:
    r"""Exponential moving average of a network's weights, $\bar\theta_t = \beta_t \bar\theta_{t-1} + (1-\beta_t)\theta_t$.

    $\beta_t = \min(\beta, (1 + t) / (10 + t))$ grows from 0.1, so that a short run is not held back by its start.
    Buffers are copied. (Polyak and Juditsky 1992; the warm-up is TensorFlow's ExponentialMovingAverage.)
    """

    def __init__(self, network: nn.Module, decay: float = 0.999) -> None:
        self.network = deepcopy(network).eval().requires_grad_(False)
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take one step of the average towards `network`."""
        self.updates += 1
        beta = min(self.decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(list(self.network.parameters()), list(network.parameters()), 1 - beta)
        for mean, now in zip(self.network.buffers(), network.buffers(), strict=True):
            mean.copy_(now)

    def state_dict(self) -> dict[str, Any]:
        """Weights and number of updates."""
        return {"network": self.network.state_dict(), "updates": self.updates}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state_dict()`."""
        self.network.load_state_dict(state["network"])
        self.updates = state["updates"]


def warmup_cosine(progress: float, warmup: float = 0.02, floor: float = 0.02) -> float:
    r"""Factor on the learning rate at `progress` in [0, 1].

    Linear to 1 over the first `warmup`, then $f + (1 - f)\,\tfrac12(1 + \cos \pi u)$ down to the `floor` $f$.
    (Loshchilov and Hutter 2017, SGDR, eq. 5, without restarts.)
    """
    if progress < warmup:
        return max(progress / warmup, 1e-3)
    u = min((progress - warmup) / (1 - warmup), 1.0)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * u))


def set_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set every group's learning rate to `factor` times its own `base_lr`."""
    for group in optimizer.param_groups:
        group.setdefault("base_lr", group["lr"])
        group["lr"] = group["base_lr"] * factor


def restore_optimizer(optimizer: torch.optim.Optimizer, state: Mapping[str, Any]) -> None:
    """Load a saved optimiser, each tensor in its parameter's memory layout.

    Files hold tensors in row order. A fused optimiser walks parameter and moments side by side in memory, and
    would pair the wrong numbers where the parameter is laid out channels last.
    """
    optimizer.load_state_dict(state)
    for parameter, moments in optimizer.state.items():
        for name, value in moments.items():
            if value.shape == parameter.shape:
                moments[name] = torch.empty_like(parameter).copy_(value)


class Log:
    """A JSONL file, one object a line, flushed at once so that other processes can follow it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path

    def write(self, progress: Progress) -> None:
        """Append one line."""
        line = {"step": progress.step, "seconds": round(progress.seconds, 2), **progress.figures}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


class StopFlag:
    """Set by the file STOP in the run folder, so that any process can ask a training loop to end."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "STOP"

    def clear(self) -> None:
        """Forget an earlier request, at the start of a run."""
        self.path.unlink(missing_ok=True)

    def is_set(self) -> bool:
        """Whether somebody asked to stop."""
        return self.path.exists()


class Clock:
    """Seconds of training, counted on from an earlier session."""

    def __init__(self, before: float = 0.0) -> None:
        self.before = before
        self.start = time.monotonic()

    def seconds(self) -> float:
        """Wall time so far."""
        return self.before + time.monotonic() - self.start


def random_state(generator: torch.Generator) -> dict[str, Any]:
    """The state of torch's own generator and of `generator`, as tensors."""
    return {"torch": torch.get_rng_state(), "data": generator.get_state()}


def restore_random_state(state: Mapping[str, Any], generator: torch.Generator) -> None:
    """Put both generators back as `random_state` found them."""
    torch.set_rng_state(state["torch"])
    generator.set_state(state["data"])
