r"""How often a classifier is right, and where it is wrong.

$C_{kl}$ counts what is of class k and was called l; accuracy is $\sum_k C_{kk} / \sum_{kl} C_{kl}$, and macro F1 the mean over
classes of $\frac{2 C_{kk}}{\sum_l C_{kl} + \sum_l C_{lk}}$. (van Rijsbergen 1979; Opitz and Burst 2019.)
"""

from collections.abc import Sequence

import numpy as np


def confusion(true: Sequence[int], called: Sequence[int], classes: int) -> np.ndarray:
    """C (K, K): row k of what is of class k, column l of what was called l."""
    cells = np.asarray(true) * classes + np.asarray(called)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def confusion_rows(true: Sequence[int], called: Sequence[int], classes: int) -> np.ndarray:
    """A row (n, K * K) for each item, whose sum is the confusion matrix, flat: what intervals are made of."""
    cells = np.asarray(true) * classes + np.asarray(called)
    return np.eye(classes * classes)[cells]


def accuracy(sums: np.ndarray) -> np.ndarray:
    """Share of items that are right, of flat confusion matrices (..., K * K)."""
    matrix = _square(sums)
    return np.trace(matrix, axis1=-2, axis2=-1) / np.maximum(matrix.sum((-2, -1)), 1)


def macro_f1(sums: np.ndarray) -> np.ndarray:
    """The mean F1 of the classes that occur, as true or as called; others say nothing, as in scikit-learn."""
    matrix = _square(sums)
    right = np.diagonal(matrix, axis1=-2, axis2=-1)
    size = matrix.sum(-1) + matrix.sum(-2)
    return (2 * right / np.maximum(size, 1)).sum(-1) / np.maximum((size > 0).sum(-1), 1)


def _square(sums: np.ndarray) -> np.ndarray:
    side = round(sums.shape[-1] ** 0.5)
    return sums.reshape(*sums.shape[:-1], side, side)
