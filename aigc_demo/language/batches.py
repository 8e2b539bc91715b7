"""The order in which a run reads its rows: a function of seed and epoch, so that a place in it is two numbers."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from aigc_demo.language.losses import IGNORED

Rows = Sequence[Sequence[int]]


class Batches:
    """Batches of exactly `count` rows, epoch after epoch; `state_dict` is the place reached.

    Rows of nearly one length go together, count / 4 at a time, so that little is padding; what the last batch of
    an epoch lacks is taken from the epoch's start. Every process draws the same batches.
    """

    def __init__(self, rows: Callable[[random.Random], Rows], count: int, seed: int) -> None:
        """`rows` gives an epoch's rows, whatever it draws itself taken from the generator of that epoch."""
        self.rows, self.count, self.seed = rows, count, seed
        self.epoch = self.position = 0
        self.waiting: list[list[Sequence[int]]] = []

    def take(self) -> Tensor:
        """The next batch, (count, T) ids, the longest row first; shorter ones are filled up with IGNORED."""
        if not self.waiting:
            self.waiting = self._draw()
        if self.position == len(self.waiting):
            self.epoch, self.position = self.epoch + 1, 0
            self.waiting = self._draw()
        rows = self.waiting[self.position]
        self.position += 1
        ordered = [torch.as_tensor(row) for row in sorted(rows, key=len, reverse=True)]
        return pad_sequence(ordered, batch_first=True, padding_value=IGNORED)

    def _draw(self) -> list[list[Sequence[int]]]:
        """This epoch's batches."""
        shuffle = random.Random(f"{self.seed}/{self.epoch}")
        rows = list(self.rows(shuffle))
        shuffle.shuffle(rows)
        rows.sort(key=len)  # stable: equally long rows stay shuffled
        run = max(1, self.count // 4)
        runs = [rows[start : start + run] for start in range(0, len(rows), run)]
        shuffle.shuffle(runs)
        order = [row for part in runs for row in part]
        missing = -len(order) % self.count
        order += (order * (missing // len(order) + 1))[:missing]
        return [order[start : start + self.count] for start in range(0, len(order), self.count)]

    def state_dict(self) -> dict[str, Any]:
        """The epoch, and the next batch in it."""
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state_dict()`."""
        if state["epoch"] != self.epoch:
            self.waiting = []
        self.epoch, self.position = state["epoch"], state["position"]
