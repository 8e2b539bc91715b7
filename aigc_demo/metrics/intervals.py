r"""How sure a figure is: 95 % intervals, for one model and for the difference of two.

$\hat\theta = s\big(\sum_i x_i\big)$ of n rows: means, ratios of sums, BLEU, macro F1 are all such functions of summed rows.
A resample draws n of the rows with replacement, that is, weighs them with multinomial counts.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95
DRAWS = 2000
ROWS_AT_ONCE = 1 << 24  # numbers of weights held at a time: 128 MB
Statistic = Callable[[np.ndarray], np.ndarray]  # sums (..., k) -> (...)


@dataclass(frozen=True)
class Interval:
    """A figure and where it lies with 95 % confidence, of n rows. low and high are NaN where n is too small to tell."""

    point: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Difference:
    """B minus A of the same n rows, with its 95 % interval, and the p of approximate randomisation (NaN without rows)."""

    point: float
    low: float
    high: float
    n: int
    p: float = float("nan")

    @property
    def told_apart(self) -> bool:
        """Whether the interval leaves 0 out. One that cannot be told holds it."""
        return self.low > 0 or self.high < 0

    def verdict(self, higher_is_better: bool) -> str:
        """ "better", "worse", or "not different" where the interval holds 0."""
        if not self.told_apart:
            return "not different"
        return "better" if (self.point > 0) == higher_is_better else "worse"


def mean(sums: np.ndarray) -> np.ndarray:
    """$\\sum x_i / n$ of rows (x, 1), as a statistic of their sums (..., 2)."""
    return sums[..., 0] / np.maximum(sums[..., 1], 1e-300)


def mean_rows(values: "np.ndarray | list[float]") -> np.ndarray:
    """Rows (n, 2) for `mean`: each value, and a one."""
    column = np.asarray(values, dtype=np.float64)
    return np.stack([column, np.ones_like(column)], axis=1)


def wilson(successes: float, n: int) -> Interval:
    r"""$\frac{\hat p + z^2/2n \pm z\sqrt{\hat p(1-\hat p)/n + z^2/4n^2}}{1 + z^2/n}$, for a share. (Wilson 1927.)

    Unlike the normal interval it stays in [0, 1] and is not empty at a share of 0 or 1.
    """
    if not n:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    z, share = _quantile((1 + LEVEL) / 2), successes / n
    middle, spread = share + z * z / (2 * n), z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = (float((middle + sign * spread) / (1 + z * z / n)) for sign in (-1, 1))
    return Interval(share, max(low, 0.0), min(high, 1.0), n)


def share_difference(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    r"""$\frac{c - b}{\tilde n} \pm \frac{z}{\tilde n}\sqrt{b + c + 1 - (c - b)^2 / \tilde n}$, $\tilde n = n + 2$: of paired zeros and ones (n,).

    b items only the first has right, c only the second. Half an item is added to each of the four cells, without which few
    that differ would be told apart too easily. (Agresti and Min 2005.)
    """
    n, b, c = len(first) + 2, np.sum((first > 0) & (second == 0)), np.sum((first == 0) & (second > 0))
    middle, reach = (c - b) / n, _quantile((1 + LEVEL) / 2) * np.sqrt(b + c + 1 - (c - b) ** 2 / n) / n
    return float(max(middle - reach, -1)), float(min(middle + reach, 1))


def bootstrap(rows: np.ndarray, statistic: Statistic = mean, seed: int = 0, draws: int = DRAWS) -> Interval:
    r"""$[\hat G^{-1}(\Phi(z_0 + \frac{z_0 + z_\alpha}{1 - a(z_0 + z_\alpha)})), \dots]$: BCa of rows (n, k). (Efron 1987.)

    z_0 is the bias of the resamples' median, a the skewness of the leave-one-out values / 6. $z_\alpha$ is widened from the
    normal to Student's quantile by $\sqrt{n/(n-1)}\,t_{n-1}$, since a resample of few rows varies too little (Hesterberg 2015).
    """
    rows = np.asarray(rows, dtype=np.float64)
    total = rows.sum(0)
    point = float(statistic(total))
    if len(rows) < 2:
        return Interval(point, float("nan"), float("nan"), len(rows))
    found = statistic(_resampled(rows, seed, draws))
    low, high = _bca(point, found, statistic(total - rows), len(rows))
    return Interval(point, low, high, len(rows))


def paired(
    first: np.ndarray, second: np.ndarray, statistic: Statistic = mean, seed: int = 0, draws: int = DRAWS
) -> Difference:
    """`bootstrap` of the second's figure minus the first's, both resampled by the same rows. (Koehn 2004, with BCa.)

    Row i of both is of the same item: what the items have in common cancels out. Shapes (n, k) each.
    """
    first, second = (np.asarray(rows, dtype=np.float64) for rows in (first, second))
    both, width = np.concatenate([first, second], axis=1), first.shape[1]

    def difference(sums: np.ndarray) -> np.ndarray:
        return statistic(sums[..., width:]) - statistic(sums[..., :width])

    found = bootstrap(both, difference, seed, draws)
    return Difference(
        found.point, found.low, found.high, found.n, randomisation(first, second, statistic, seed, draws)
    )


def randomisation(
    first: np.ndarray, second: np.ndarray, statistic: Statistic = mean, seed: int = 0, draws: int = DRAWS
) -> float:
    r"""$p = \frac{1 + \#\{|d^*| \ge |d|\}}{1 + B}$, where $d^*$ comes of swapping the two models' rows by coin flips.

    The paired approximate randomisation test of "both are equally good". (Riezler and Maxwell 2005; Noreen 1989.)
    """
    a, b = (np.asarray(rows, dtype=np.float64) for rows in (first, second))
    rng = np.random.default_rng(seed)
    observed = abs(float(statistic(b.sum(0)) - statistic(a.sum(0))))
    swap = rng.random((draws, len(a))) < 0.5
    moved = swap.astype(np.float64) @ (b - a)  # what swapping brings from the second to the first
    found = np.abs(statistic(b.sum(0) - moved) - statistic(a.sum(0) + moved))
    return float((1 + np.sum(found >= observed - 1e-12 * max(observed, 1))) / (1 + draws))


def jackknife(whole: float, without: "np.ndarray | list[float]", n: int) -> Interval:
    r"""$\hat\theta \pm t_{g-1} \sqrt{\frac{g-1}{g}\sum_j (\hat\theta_{(j)} - \bar\theta_{(\cdot)})^2}$ from g values.

    Each is without one part of the rows.
    For figures of whole sets, such as distances, whose resamples would hold every row several times and so be biased.
    (Quenouille 1956; Tukey 1958.)
    """
    from scipy.stats import t as student

    values = np.asarray(without, dtype=np.float64)
    g = len(values)
    if g < 2:
        return Interval(whole, float("nan"), float("nan"), n)
    error = np.sqrt((g - 1) / g * np.sum((values - values.mean()) ** 2))
    reach = float(student.ppf((1 + LEVEL) / 2, g - 1) * error)
    return Interval(whole, whole - reach, whole + reach, n)


def _resampled(rows: np.ndarray, seed: int, draws: int) -> np.ndarray:
    """Sums (draws, k) of resamples of rows (n, k)."""
    rng, n = np.random.default_rng(seed), len(rows)
    parts = []
    for start in range(0, draws, at_once := max(ROWS_AT_ONCE // n, 1)):
        count = min(at_once, draws - start)
        picked = rng.integers(n, size=(count, n)) + np.arange(count)[:, None] * n
        weights = np.bincount(picked.ravel(), minlength=count * n).reshape(count, n)
        parts.append(weights.astype(np.float64) @ rows)
    return np.concatenate(parts)


def _bca(point: float, found: np.ndarray, without: np.ndarray, n: int) -> tuple[float, float]:
    """The two ends: quantiles of the resamples' values `found`, shifted for bias and skewness."""
    from scipy.stats import norm
    from scipy.stats import t as student

    if np.ptp(found) == 0:
        return point, point
    tied = np.isclose(found, point, rtol=1e-9, atol=1e-12)  # of shares many are, but for rounding
    below = (np.sum((found < point) & ~tied) + np.sum(tied) / 2) / len(found)
    bias = norm.ppf(np.clip(below, 1e-4, 1 - 1e-4))
    deviations = without.mean() - without
    scale = np.sum(deviations**2) ** 1.5
    skew = float(np.sum(deviations**3) / (6 * scale)) if scale > 0 else 0.0
    reach = np.sqrt(n / (n - 1)) * student.ppf((1 + LEVEL) / 2, n - 1)
    ends = [bias + (bias + z) / (1 - skew * (bias + z)) for z in (-reach, reach)]
    low, high = np.quantile(found, norm.cdf(ends))
    return float(low), float(high)


def _quantile(share: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(share))
