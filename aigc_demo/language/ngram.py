r"""Interpolated Kneser-Ney, the strongest of the classical n-gram models: what a Transformer has to beat.

With $c(\cdot)$ the counts of the highest order, continuation counts $N_{1+}(\bullet\,w)$ (in how many different
contexts $w$ was seen) below it, and one discount $D$ per order:

    $p(w \mid u) = \frac{\max(c(uw) - D, 0)}{c(u\bullet)} + \frac{D\,N_{1+}(u\bullet)}{c(u\bullet)}\,p(w \mid u')$

where $u'$ is $u$ without its first token, and the lowest order is mixed with the uniform distribution.
$D_i$ for counts of 1, 2 and 3 or more comes from the counts of counts, as in Chen and Goodman 1998
("modified Kneser-Ney", eq. 26). (Kneser and Ney 1995.)

Pruned, a context $u$ keeps some of its tokens; the weight of the shorter context is then what they leave,
$\gamma(u) = 1 - \sum_w \max(c(uw) - D, 0) / c(u\bullet)$, the same number as above where nothing was pruned, so that
every context still sums to 1. Kept are the n-grams that would cost the training text most,
$c(uw)\,(\ln p(w \mid u) - \ln \gamma'(u)\,p(w \mid u'))$ nats with $\gamma'$ the weight without $w$ (Seymore and
Rosenfeld 1996, the weighted difference).
"""

from collections.abc import Sequence

import numpy as np

from aigc_demo.models.protocols import Rung

LARGEST = 1 << 63  # a code must stay below it
MANY = 4  # times the n-grams that are kept


class Level:
    """The n-grams of one order: sorted codes with their counts, and per context its total and the weight of the shorter one."""

    def __init__(
        self,
        grams: np.ndarray,
        counts: np.ndarray,
        vocab_size: int,
        discounts: np.ndarray | None = None,
        totals: np.ndarray | None = None,
    ) -> None:
        """`discounts` (4) and `totals`, one a context, are those of before pruning; None where nothing was pruned."""
        self.vocab_size, self.grams, self.counts = vocab_size, grams, counts
        self.discounts = _discounts(counts) if discounts is None else discounts
        self.kept = counts - self.discounts[np.minimum(counts, 3)]
        self.contexts, self.starts, place = np.unique(
            grams // vocab_size, return_index=True, return_inverse=True
        )
        self.totals = np.bincount(place, weights=counts) if totals is None else totals.astype(np.float64)
        dealt = np.bincount(place, weights=self.kept, minlength=len(self.contexts))
        self.backoff = 1 - dealt / self.totals

    def interpolate(self, grams: np.ndarray, lower: np.ndarray) -> np.ndarray:
        """p of each gram, given the probability `lower` that the next shorter context gives its last token."""
        if not len(self.grams):
            return lower
        place, known = _find(self.contexts, grams // self.vocab_size)
        own, seen = _find(self.grams, grams)
        kept = np.where(seen, self.kept[own], 0.0)
        mixed = kept / self.totals[place] + self.backoff[place] * lower
        return np.where(known, mixed, lower)

    def place(self, context: int) -> int | None:
        """Where a context stands; None where it is unknown."""
        at = int(np.searchsorted(self.contexts, context))
        return at if at < len(self.contexts) and self.contexts[at] == context else None

    def followers(self, place: int) -> slice:
        """The n-grams of the context at a place."""
        end = self.starts[place + 1] if place + 1 < len(self.starts) else len(self.grams)
        return slice(int(self.starts[place]), int(end))

    def costs(self, lower: np.ndarray) -> np.ndarray:
        """Nats that the counted text would lose by each n-gram, whose last token the shorter context gives `lower`."""
        place = np.searchsorted(self.contexts, self.grams // self.vocab_size)
        own, gamma = self.kept / self.totals[place], self.backoff[place]
        without = (gamma + own) * lower
        return self.counts * (np.log(own + gamma * lower) - np.log(without))

    def pruned(self, keep: np.ndarray) -> "Level":
        """Without the n-grams that are not in `keep`, an array of bool; contexts that lose all of them are gone."""
        left = np.unique(self.grams[keep] // self.vocab_size)
        totals = self.totals[np.searchsorted(self.contexts, left)]
        return Level(self.grams[keep], self.counts[keep], self.vocab_size, self.discounts, totals)


class KneserNey:
    """A modified interpolated Kneser-Ney model over token ids 0 to vocab_size - 1."""

    def __init__(self, rows: Sequence[Sequence[int]], vocab_size: int, order: int = 3) -> None:
        """Count the n-grams of `rows`; each row is a text of its own, and its first token is only ever context."""
        self.vocab_size = vocab_size
        self.levels = count_levels(ngrams(rows, order, vocab_size), vocab_size, order)

    @classmethod
    def of(cls, levels: list[Level], vocab_size: int) -> "KneserNey":
        """The model of these levels, the shortest first."""
        model = cls.__new__(cls)
        model.vocab_size, model.levels = vocab_size, levels
        return model

    @property
    def order(self) -> int:
        """The most tokens that an n-gram has."""
        return len(self.levels)

    def probabilities(self, rows: Sequence[Sequence[int]]) -> np.ndarray:
        """Probability of every token of `rows` but each first one, in order, given the tokens before it."""
        return self.of_grams(ngrams(rows, self.order, self.vocab_size))

    def of_grams(self, grams: np.ndarray) -> np.ndarray:
        """Probability of the last token of each n-gram of the highest order, given the others."""
        result = np.full(len(grams), 1.0 / self.vocab_size)
        for n, level in enumerate(self.levels, start=1):
            result = level.interpolate(grams % self.vocab_size**n, result)
        return result

    def distribution(self, context: Sequence[int]) -> np.ndarray:
        """The odds (vocab_size,) of what follows the last tokens of a `context` that has order - 1 at least."""
        odds = np.full(self.vocab_size, 1.0 / self.vocab_size)
        for n, level in enumerate(self.levels, start=1):
            place = level.place(self._code(context, n - 1))
            if place is None:
                continue  # a longer one may be known: pruning leaves holes
            after = level.followers(place)
            odds *= level.backoff[place]
            odds[level.grams[after] % self.vocab_size] += level.kept[after] / level.totals[place]
        return odds

    def rungs(self, context: Sequence[int], token: int) -> list[Rung]:
        """How the odds of `token` behind a context come about, order by order, the shortest first."""
        found, p = [], 1.0 / self.vocab_size
        for n, level in enumerate(self.levels, start=1):
            place = level.place(self._code(context, n - 1))
            if place is None:
                found.append(Rung(0, 0, 0, 0.0, 0.0, p))
                continue
            after, total = level.followers(place), level.totals[place]
            hit = np.flatnonzero(level.grams[after] % self.vocab_size == token)
            count = int(level.counts[after][hit[0]]) if len(hit) else 0
            own = float(level.kept[after][hit[0]] / total) if len(hit) else 0.0
            gamma = float(level.backoff[place])
            p = own + gamma * p
            found = [_lessened(rung, gamma) for rung in found]
            found.append(Rung(int(total), count, after.stop - after.start, 1 - gamma, own, p))
        return found

    def _code(self, context: Sequence[int], length: int) -> int:
        """The last `length` tokens as digits to base vocab_size."""
        code = 0
        for token in context[len(context) - length :]:
            code = code * self.vocab_size + int(token)
        return code

    def pruned(self, most: int, exactly: bool = True) -> "KneserNey":
        """With at most `most` n-grams beside the single tokens, those that matter most to the counted text.

        Of very many, those of three tokens or more that were counted once go first, which costs under 0.001 bits and saves
        most of the time. Not `exactly`: those that were counted most are kept, which is found many times faster.
        """
        first, *others = self.levels
        if exactly and sum(len(level.grams) for level in others) > MANY * most:
            others = [level.pruned(level.counts > (n > 2)) for n, level in enumerate(others, start=2)]
        model = KneserNey.of([first, *others], self.vocab_size)
        costs = model._costs() if exactly else [level.counts for level in others]
        keep = np.zeros(sum(map(len, costs)), dtype=bool)
        if costs:
            keep[np.argsort(-np.concatenate(costs), kind="stable")[:most]] = True
        parts = np.split(keep, np.cumsum([len(cost) for cost in costs])[:-1]) if costs else []
        others = [level.pruned(part) for level, part in zip(others, parts, strict=True)]
        return KneserNey.of([first, *others], self.vocab_size)

    def _costs(self) -> list[np.ndarray]:
        """Of each order but the first, what its n-grams are worth to the counted text, in nats."""
        costs = []
        for n, level in enumerate(self.levels[1:], start=1):
            shorter = KneserNey.of(self.levels[:n], self.vocab_size)
            costs.append(level.costs(shorter.of_grams(level.grams % self.vocab_size**n)))
        return costs


def _lessened(rung: Rung, gamma: float) -> Rung:
    """A rung's part of the odds where a longer context leaves it the share `gamma`."""
    return Rung(rung.seen, rung.followed, rung.kinds, rung.share * gamma, rung.own * gamma, rung.p)


def count_levels(grams: np.ndarray, vocab_size: int, order: int) -> list[Level]:
    """The levels of a model that has counted these n-grams of the highest order, the shortest first."""
    levels = []
    grams, counts = np.unique(grams, return_counts=True)
    for n in range(order, 0, -1):
        levels.append(Level(grams, counts, vocab_size))
        # the next lower order counts the different n-grams that end in it
        grams, counts = np.unique(grams % vocab_size ** (n - 1), return_counts=True)
    return levels[::-1]


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


def ngrams(rows: Sequence[Sequence[int]], order: int, vocab_size: int) -> np.ndarray:
    """One int64 code a token but each row's first: the `order` tokens that end there, as digits to base vocab_size.

    Rows are padded on the left with their own first token, which stands for the start of a text.
    """
    if not len(rows):
        return np.empty(0, np.int64)
    lengths = np.array([len(row) for row in rows])
    padded = np.concatenate(
        [np.asarray([row[0]] * max(order - 2, 0) + list(row), dtype=np.int64) for row in rows]
    )
    lead = max(order - 2, 0)
    ends = np.cumsum(lengths + lead)
    inside = np.ones(len(padded), dtype=bool)
    for offset in range(1, max(order, 2)):  # the first places of a row have no full window
        inside[ends - (lengths + lead) + offset - 1] = False
    codes = np.zeros(len(padded), dtype=np.int64)
    for offset in range(order - 1, -1, -1):
        codes = codes * vocab_size + np.roll(padded, offset)
    return codes[inside]
