"""What chance does: the tail of the binomial distribution, by which both marks are judged."""

import math

THRESHOLD = 1e-6  # a mark is said to be found where chance would give as much less often than this


def binomial_tail(least: int, total: int, share: float) -> float:
    r"""$P(\mathrm{Bin}(n, q) \ge k) = \sum_{j \ge k} \binom{n}{j} q^j (1 - q)^{n - j}$, summed from its logarithms."""
    logs = [
        math.lgamma(total + 1)
        - math.lgamma(j + 1)
        - math.lgamma(total - j + 1)
        + j * math.log(share)
        + (total - j) * math.log1p(-share)
        for j in range(least, total + 1)
    ]
    return min(1.0, math.fsum(map(math.exp, logs)))


def deviation(hits: int, total: int, share: float) -> float:
    r"""$z = (k - nq) / \sqrt{nq(1 - q)}$: how many standard deviations the hits lie above what chance gives; 0 of none."""
    return (hits - share * total) / math.sqrt(total * share * (1 - share)) if total else 0.0
