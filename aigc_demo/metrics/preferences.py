r"""What people prefer: the sign test, and strengths by Bradley and Terry.

$P(i \succ j) = \frac{e^{\beta_i}}{e^{\beta_i} + e^{\beta_j}}$; a tie is half a win for each.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aigc_demo.metrics.intervals import LEVEL, Interval

PRIOR = 0.5  # wins and losses against an average model that each is given: no strength is infinite, as after ten wins of ten


@dataclass(frozen=True)
class Strength:
    """A model's strength $\\beta$, relative to the mean of all, and the share of games it would win against that mean."""

    strength: Interval
    share: Interval


def sign_test(wins: int, losses: int) -> float:
    r"""$p = \min\big(1,\, 2\sum_{k \le \min(w, l)} \binom{w+l}{k} 2^{-(w+l)}\big)$: ties are left out. (Arbuthnot 1710.)"""
    from scipy.stats import binomtest

    return float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def win_share(wins: float, losses: float, ties: float) -> Interval:
    """(wins + ties / 2) / n with Student's interval of the scores 1, 1/2 and 0; of Wilson's form, so that it is never empty."""
    from aigc_demo.metrics.intervals import wilson

    n = int(wins + losses + ties)
    return wilson(wins + ties / 2, n)


def bradley_terry(games: Sequence[tuple[int, int, float]], models: int) -> list[Strength]:
    r"""$\max_\beta \sum_g y_g \log P(i_g \succ j_g) + (1 - y_g) \log P(j_g \succ i_g)$, with intervals by its curvature.

    games: (i, j, y) with y 1 where i won, 0 where j did, 1/2 for a tie; models: how many there are. Newton's method on
    strengths that sum to 0, each given PRIOR wins and losses against the mean. (Bradley and Terry 1952; Hunter 2004.)
    """
    won = np.zeros((models, models))
    for i, j, y in games:
        won[i, j] += y
        won[j, i] += 1 - y
    played, beta = won + won.T, np.zeros(models)
    for _ in range(100):
        gradient, curvature = _slopes(beta, won, played)
        step = np.linalg.solve(curvature, gradient)
        beta = beta + step
        if np.abs(step).max() < 1e-12:
            break
    centre = np.eye(models) - 1 / models
    _, curvature = _slopes(beta, won, played)
    errors = np.sqrt(np.diag(centre @ np.linalg.inv(curvature) @ centre))
    return [_strength(b, error, len(games)) for b, error in zip(beta - beta.mean(), errors, strict=True)]


def _slopes(beta: np.ndarray, won: np.ndarray, played: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradient (m,) of the log likelihood, and minus its Hessian (m, m)."""
    share = 1 / (1 + np.exp(beta[None] - beta[:, None]))  # share[i, j]: of games that i wins against j
    weight, alone = played * share * (1 - share), 1 / (1 + np.exp(-beta))
    gradient = (won - played * share).sum(1) + PRIOR * (1 - 2 * alone)
    return gradient, np.diag(weight.sum(1) + 2 * PRIOR * alone * (1 - alone)) - weight


def _strength(beta: float, error: float, n: int) -> Strength:
    from scipy.special import expit, ndtri

    z = float(ndtri((1 + LEVEL) / 2))
    ends = [float(beta + sign * z * error) for sign in (0, -1, 1)]
    return Strength(Interval(*ends, n), Interval(*(float(expit(end)) for end in ends), n))
