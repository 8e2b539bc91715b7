"""What a figure is made of, kept so that its interval and its difference to another model's can both be told.

Rows of both models are of the same items, in the same order; where they are not, as for pictures, nothing is in common
and the paired interval is as wide as an unpaired one.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from aigc_demo.metrics.intervals import (
    Difference,
    Interval,
    Statistic,
    bootstrap,
    jackknife,
    mean,
    mean_rows,
    paired,
    randomisation,
    share_difference,
    wilson,
)


class Evidence(Protocol):
    """Behind one figure of one model."""

    def interval(self, seed: int) -> Interval:
        """The figure with its interval."""
        ...

    def minus(self, first: "Evidence", seed: int) -> Difference:
        """This figure minus that of the first model, by the same means."""
        ...


@dataclass(frozen=True)
class Rows:
    """Rows (n, k) and the figure as a function of their sum."""

    rows: np.ndarray
    statistic: Statistic = mean

    def interval(self, seed: int) -> Interval:
        """By BCa bootstrap."""
        return bootstrap(self.rows, self.statistic, seed)

    def minus(self, first: "Rows", seed: int) -> Difference:
        """By paired bootstrap, and approximate randomisation; of as many rows as both have."""
        count = min(len(self.rows), len(first.rows))
        return paired(first.rows[:count], self.rows[:count], self.statistic, seed)


@dataclass(frozen=True)
class Share(Rows):
    """The share of items for which something is so."""

    @classmethod
    def of(cls, values: "np.ndarray | list[float]") -> "Share":
        """From zeros and ones (n,)."""
        return cls(mean_rows(values))

    def interval(self, seed: int) -> Interval:
        """Wilson's."""
        return wilson(float(self.rows[:, 0].sum()), len(self.rows))

    def minus(self, first: "Rows", seed: int) -> Difference:
        """By Agresti and Min's interval of paired shares, and approximate randomisation."""
        count = min(len(self.rows), len(first.rows))
        mine, theirs = self.rows[:count], first.rows[:count]
        low, high = share_difference(theirs[:, 0], mine[:, 0])
        point = float(mine[:, 0].mean() - theirs[:, 0].mean())
        return Difference(point, low, high, count, randomisation(theirs, mine, mean, seed))


@dataclass(frozen=True)
class Whole:
    """A figure of a whole set of n, and the same without each part of it (g,)."""

    point: float
    without: np.ndarray
    n: int

    def interval(self, seed: int) -> Interval:
        """By jackknife."""
        return jackknife(self.point, self.without, self.n)

    def minus(self, first: "Whole", seed: int) -> Difference:
        """By jackknife of the difference; where both have as many parts these are the same ones."""
        parts = min(len(self.without), len(first.without))
        without = self.without[:parts] - first.without[:parts]
        found = jackknife(self.point - first.point, without, min(self.n, first.n))
        return Difference(found.point, found.low, found.high, found.n)
