"""Rows of numbers of unequal length, filled up with zeros."""

from torch import Tensor


def trimmed(rows: Tensor) -> Tensor:
    """Rows (N, C) without the columns behind the longest of them; one column at least."""
    return rows[:, : max(int((rows != 0).sum(1).max()), 1)]
