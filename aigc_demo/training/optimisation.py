"""Learning-rate schedule, and optimisers that go on where they were saved."""

import math
from collections.abc import Mapping
from typing import Any

import torch


def warmup_cosine(progress: float, warmup: float = 0.02, floor: float = 0.02) -> float:
    r"""Factor on the learning rate at `progress` in [0, 1].

    Linear to 1 over the first `warmup`, then $f + (1 - f)\,\tfrac12(1 + \cos \pi u)$ down to the `floor` $f$.
    (Loshchilov and Hutter 2017, SGDR, eq. 5, without restarts.)
    """
    if progress < warmup:
        return max(progress / warmup, 1e-3)
    u = min((progress - warmup) / (1 - warmup), 1.0)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * u))


def warmup_stable_decay(progress: float, steps: int, warmup: int, rested: float) -> float:
    """Factor on the learning rate: up over `warmup` steps (a tenth of a short run), 1 for `rested` of it, then linearly to 0.

    Until then the course does not depend on the length of the run, so that a run under way can still be made shorter
    or longer. (Hu et al. 2024, MiniCPM, section 4.)
    """
    done = progress * steps + 0.5
    return min(done / min(warmup, max(steps / 10, 1)), 1.0, (steps - done) / ((1 - rested) * steps))


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
