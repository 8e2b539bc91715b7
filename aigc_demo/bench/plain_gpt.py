"""A language model's training loop in eager float32, as small GPT repositories write it: what ours is timed against.

The same network, rows, rates and AdamW; the logits of the whole batch at once, the loss read each step.
"""

from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PlainGPT:
    """A copy of the network, and an AdamW that decays matrices and leaves vectors alone."""

    def __init__(
        self, network: nn.Module, rate: float, betas: tuple[float, float], weight_decay: float
    ) -> None:
        self.network = deepcopy(network)
        self.rate = rate
        parameters = list(self.network.parameters())
        groups = [
            {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": weight_decay},
            {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=rate, betas=betas)

    def step(self, rows: Tensor, factor: float) -> dict[str, float]:
        """A step on token ids (N, T + 1); `factor` stands before the learning rate. The loss is in nats a token."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * factor
        logits = self.network(rows[:, :-1])
        loss = F.cross_entropy(logits.reshape(-1, logits.size(-1)), rows[:, 1:].reshape(-1))
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return {"loss": loss.item()}
