"""The random generators of a run, so that one that goes on draws what it would have drawn."""

from collections.abc import Mapping
from typing import Any

import torch


class Randomness:
    """torch's own generator, for initial weights and dropout, and `generator` on the CPU, for data and noise.

    Draws are made on the CPU whatever the device, so that a run draws the same numbers everywhere.
    """

    def __init__(self, seed: int) -> None:
        torch.manual_seed(seed)
        self.generator = torch.Generator().manual_seed(seed)

    def state_dict(self) -> dict[str, Any]:
        """Both states, as tensors."""
        return {"torch": torch.get_rng_state(), "data": self.generator.get_state()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state_dict()`."""
        torch.set_rng_state(state["torch"])
        self.generator.set_state(state["data"])
