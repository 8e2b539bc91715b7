"""Running text for a network that carries its memory on: many lanes, read side by side, a window at a time.

Truncated back-propagation through time (Williams and Peng 1990): gradients stop at the start of a window, the state does
not. Every process draws the same windows and keeps its own lanes; the state is that of all lanes, on every process.
"""

import random
from collections.abc import Mapping
from typing import Any

from torch import Tensor


class Lanes:
    """Windows (count, window + 1) of a stream cut into `count` lanes of one length; `state_dict` is the place reached.

    `state`: what a network remembered of the lanes before this window, or None where they begin.
    """

    def __init__(self, stream: Tensor, window: int, count: int, seed: int) -> None:
        self.window = min(window, (len(stream) - 1) // count)
        self.stream, self.count, self.seed = stream, count, seed
        self.epoch = self.position = 0
        self.state: tuple[Tensor, Tensor] | None = None

    def take(self) -> Tensor:
        """The next window of each lane; the lanes begin elsewhere in each epoch."""
        lanes = self._lanes()
        if self.position + self.window >= lanes.shape[1]:
            self.epoch, self.position, self.state = self.epoch + 1, 0, None
            lanes = self._lanes()
        batch = lanes[:, self.position : self.position + self.window + 1].long()
        self.position += self.window
        return batch

    def _lanes(self) -> Tensor:
        """This epoch's lanes (count, length), from a random place on, round the end of the stream."""
        length = len(self.stream) // self.count
        first = random.Random(f"{self.seed}/{self.epoch}").randrange(len(self.stream))
        return self.stream.roll(-first)[: length * self.count].view(self.count, length)

    def state_dict(self) -> dict[str, Any]:
        """The epoch, the place in it, and what the lanes are remembered by."""
        return {"epoch": self.epoch, "position": self.position, "state": self.state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state_dict()`."""
        self.epoch, self.position = state["epoch"], state["position"]
        self.state = None if state["state"] is None else tuple(state["state"])
