"""Averaged weights."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import torch
from torch import nn


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
