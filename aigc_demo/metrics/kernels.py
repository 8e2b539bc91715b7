r"""Figures of sets by a kernel between their members: the distance of two sets, and how many different things are in one.

$\mathrm{MMD}^2 = \mathbb E\,k(x, x') + \mathbb E\,k(y, y') - 2\,\mathbb E\,k(x, y)$ with $k(x, y) = (x \cdot y / d + 1)^3$
(Bińkowski et al. 2018, "Demystifying MMD GANs"), and $\exp H(\lambda)$ of the eigenvalues of a similarity matrix
(Friedman and Dieng 2023, "The Vendi Score").
"""

import numpy as np


def cubic(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """$(a_i \\cdot b_j / d + 1)^3$ (N, M) of features (N, d) and (M, d)."""
    return (a @ b.T / a.shape[1] + 1) ** 3


def kernel_distance(first: np.ndarray, second: np.ndarray) -> float:
    r"""$\frac{\sum_{i \ne j} k(x_i, x_j)}{n(n-1)} + \frac{\sum_{i \ne j} k(y_i, y_j)}{m(m-1)} - \frac{2 \sum_{ij} k(x_i, y_j)}{nm}$.

    Unbiased at any n, so it may fall below 0 where the sets are alike. Features (N, d) and (M, d).
    """
    n, m = len(first), len(second)
    within, beyond, across = cubic(first, first), cubic(second, second), cubic(first, second)
    return float(_off(within) / (n * (n - 1)) + _off(beyond) / (m * (m - 1)) - 2 * across.sum() / (n * m))


def kernel_distances_without(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """`kernel_distance` (n,) without member i of both sets of n, for the jackknife, in O(n^2): by what member i adds to each sum."""
    n = len(first)
    sums = []
    for matrix in (cubic(first, first), cubic(second, second)):
        mine = matrix.sum(1) - np.diag(matrix)
        sums.append((_off(matrix) - 2 * mine) / ((n - 1) * (n - 2)))
    across = cubic(first, second)
    mine = across.sum(0) + across.sum(1) - np.diag(across)
    return sums[0] + sums[1] - 2 * (across.sum() - mine) / (n - 1) ** 2


def vendi(features: np.ndarray) -> float:
    r"""$\exp(-\sum_i \lambda_i \log \lambda_i)$ with $\lambda$ the eigenvalues of $K / n$, $K_{ij}$ the cosine of features i and j.

    The effective number of different members, from 1 (all alike) to n. Features (N, d), in the smaller of the two products.
    """
    rows = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    product = rows @ rows.T if len(rows) <= rows.shape[1] else rows.T @ rows
    values = np.linalg.eigvalsh(product / len(rows))
    values = values[values > 0]
    return float(np.exp(-np.sum(values * np.log(values))))


def _off(matrix: np.ndarray) -> float:
    """The sum of a square matrix beside its diagonal."""
    return float(matrix.sum() - np.trace(matrix))
