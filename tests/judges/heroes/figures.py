"""Shares with their intervals: parts of heroes that a judge finds as they were asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor

Z = 1.959964  # of a normal distribution's middle 95 %


@dataclass(frozen=True)
class Share:
    """A share of `count` in [0, 1], and the interval that holds the true one in 95 of 100 such measurements."""

    value: float
    low: float
    high: float
    count: int

    def said(self) -> dict[str, float]:
        """As JSON has it."""
        return {
            "value": round(self.value, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "count": self.count,
        }

    def __str__(self) -> str:
        return f"{self.value:6.1%} [{self.low:.1%}, {self.high:.1%}] of {self.count}"


def wilson(right: int, count: int) -> Share:
    r"""$\bigl(\hat p + \tfrac{z^2}{2n} \pm z\sqrt{\hat p(1-\hat p)/n + z^2/4n^2}\bigr) / (1 + z^2/n)$ (Wilson 1927)."""
    if not count:
        return Share(float("nan"), 0.0, 1.0, 0)
    p, n = right / count, count
    middle, half = p + Z**2 / (2 * n), Z * sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return Share(p, max((middle - half) / (1 + Z**2 / n), 0.0), min((middle + half) / (1 + Z**2 / n), 1.0), n)


def ratio(right: Tensor, counts: Tensor) -> Share:
    r"""$r = \sum_i k_i / \sum_i n_i$ over pictures (N,): the parts of one picture are not independent of each other.

    Its variance is $\tfrac{N}{N-1} \sum_i (k_i - r n_i)^2 / (\sum_i n_i)^2$ (Cochran 1977, section 2.11).
    """
    right, counts = right.double(), counts.double()
    total = float(counts.sum())
    if not total:
        return Share(float("nan"), 0.0, 1.0, 0)
    r, pictures = float(right.sum()) / total, len(right)
    spread = float((right - r * counts).square().sum()) * pictures / max(pictures - 1, 1)
    half = Z * sqrt(spread) / total
    return Share(r, max(r - half, 0.0), min(r + half, 1.0), int(total))


def shares(found: Tensor, asked: Tensor, slots: Sequence[str]) -> dict[str, Share]:
    """Of attributes (N, slots), -1 for an empty slot, the share found as asked for.

    By slot where it is filled; "parts": all filled slots; "empty": the slots asked for empty that are.
    """
    same, filled = found == asked, asked >= 0
    result = {
        slot: wilson(int((same & filled)[:, i].sum()), int(filled[:, i].sum()))
        for i, slot in enumerate(slots)
    }
    result["parts"] = ratio((same & filled).sum(1), filled.sum(1))
    result["empty"] = ratio((same & ~filled).sum(1), (~filled).sum(1))
    return result


def difference(a: Share, b: Share) -> Share:
    """a - b of two independent shares; its interval from theirs."""
    value = a.value - b.value
    low = value - sqrt((a.value - a.low) ** 2 + (b.high - b.value) ** 2)
    high = value + sqrt((a.high - a.value) ** 2 + (b.value - b.low) ** 2)
    return Share(value, low, high, min(a.count, b.count))


def halves(count: int) -> tuple[Tensor, Tensor]:
    """Places of every other one, and of the rest."""
    places = torch.arange(count)
    return places[::2], places[1::2]
