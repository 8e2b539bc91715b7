r"""Interpolated Kneser-Ney, the strongest of the classical n-gram models: what a Transformer has to beat.

With $c(\cdot)$ the counts of the highest order, continuation counts $N_{1+}(\bullet\,w)$ (in how many different
contexts $w$ was seen) below it, and one discount $D$ per order:

    $p(w \mid u) = \frac{\max(c(uw) - D, 0)}{c(u\bullet)} + \frac{D\,N_{1+}(u\bullet)}{c(u\bullet)}\,p(w \mid u')$

where $u'$ is $u$ without its first token, and the lowest order is mixed with the uniform distribution.
$D_i$ for counts of 1, 2 and 3 or more comes from the counts of counts, as in Chen and Goodman 1998
("modified Kneser-Ney", eq. 26). (Kneser and Ney 1995.)
"""

from collections.abc import Sequence

import numpy as np


class KneserNey:
    """A modified interpolated Kneser-Ney model over token ids 0 to vocab_size - 1."""

    def __init__(self, rows: Sequence[Sequence[int]], vocab_size: int, order: int = 3) -> None:
        """Count the n-grams of `rows`; each row is a text of its own, and its first token is only ever context."""
        self.vocab_size = vocab_size
        self.order = order
        self.tables = []
        grams, counts = np.unique(_ngrams(rows, order, vocab_size), return_counts=True)
        for n in range(order, 0, -1):
            self.tables.append(_Level(grams, counts, vocab_size))
            # the next lower order counts the different n-grams that end in it
            grams, counts = np.unique(grams % vocab_size ** (n - 1), return_counts=True)
        self.tables.reverse()

    def probabilities(self, rows: Sequence[Sequence[int]]) -> np.ndarray:
        """Probability of every token of `rows` but each first one, in order, given the tokens before it."""
        grams = _ngrams(rows, self.order, self.vocab_size)
        result = np.full(len(grams), 1.0 / self.vocab_size)
        for n, level in enumerate(self.tables, start=1):
            result = level.interpolate(grams % self.vocab_size**n, result)
        return result


class _Level:
    """The n-grams of one order: sorted codes, counts, and per context the total and the discounted mass."""

    def __init__(self, grams: np.ndarray, counts: np.ndarray, vocab_size: int) -> None:
        self.vocab_size = vocab_size
        self.grams = grams
        discounts = _discounts(counts)[np.minimum(counts, 3)]
        self.kept = counts - discounts
        self.contexts, place = np.unique(grams // vocab_size, return_inverse=True)
        self.totals = np.bincount(place, weights=counts)
        self.backoff = np.bincount(place, weights=discounts) / self.totals

    def interpolate(self, grams: np.ndarray, lower: np.ndarray) -> np.ndarray:
        """p of each gram, given the probability `lower` that the next shorter context gives its last token."""
        place, known = _find(self.contexts, grams // self.vocab_size)
        own, seen = _find(self.grams, grams)
        kept = np.where(seen, self.kept[own], 0.0)
        mixed = kept / self.totals[place] + self.backoff[place] * lower
        return np.where(known, mixed, lower)


def _discounts(counts: np.ndarray) -> np.ndarray:
    r"""$D_0 = 0$ and $D_i = i - (i+1)\,Y\,n_{i+1}/n_i$, $Y = n_1/(n_1 + 2 n_2)$; 0.75 at most, where counts are few."""
    n = [np.count_nonzero(counts == i) for i in range(5)]
    if min(n[1:]) == 0:
        return np.array([0.0, 0.75, 0.75, 0.75])
    y = n[1] / (n[1] + 2 * n[2])
    return np.array([0.0] + [max(i - (i + 1) * y * n[i + 1] / n[i], 0.0) for i in (1, 2, 3)])


def _find(table: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Place of each key in the sorted `table` (any place where it is absent), and whether it is there."""
    place = np.minimum(np.searchsorted(table, keys), len(table) - 1)
    return place, table[place] == keys


def _ngrams(rows: Sequence[Sequence[int]], order: int, vocab_size: int) -> np.ndarray:
    """One int64 code a token but each row's first: the `order` tokens that end there, as digits to base vocab_size.

    Rows are padded on the left with their own first token, which stands for the start of a text.
    """
    lengths = np.array([len(row) for row in rows])
    padded = np.concatenate([np.asarray([row[0]] * (order - 2) + list(row), dtype=np.int64) for row in rows])
    ends = np.cumsum(lengths + order - 2)
    inside = np.ones(len(padded), dtype=bool)
    for offset in range(1, order):  # the first `order - 1` places of a row have no full window
        inside[ends - (lengths + order - 2) + offset - 1] = False
    codes = np.zeros(len(padded), dtype=np.int64)
    for offset in range(order - 1, -1, -1):
        codes = codes * vocab_size + np.roll(padded, offset)
    return codes[inside]
