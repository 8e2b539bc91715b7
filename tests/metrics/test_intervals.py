"""Intervals cover what they say, tests keep their level, strengths are those that were put in."""

import numpy as np
import pytest
from scipy import stats

from aigc_demo.metrics import intervals
from aigc_demo.metrics.evidence import Share
from aigc_demo.metrics.intervals import (
    Difference,
    bootstrap,
    jackknife,
    mean,
    mean_rows,
    paired,
    share_difference,
    wilson,
)
from aigc_demo.metrics.preferences import bradley_terry, sign_test, win_share

SIMULATIONS = 1000
COVERED = (0.93, 0.97)


def coverage(truth, simulate):
    """The share of simulations whose interval holds the truth."""
    found = [simulate(seed) for seed in range(SIMULATIONS)]
    return np.mean([interval.low <= truth <= interval.high for interval in found])


@pytest.mark.parametrize("draw", ["skewed", "ratio"])
def test_bootstrap_intervals_cover(draw):
    def rows(rng):
        if draw == "skewed":
            return mean_rows(rng.gamma(2, 1, 80))
        size = rng.integers(20, 60, 60)  # nats and characters of texts: a ratio of sums
        return np.stack([size * rng.normal(3, 0.5, 60), size], axis=1)

    truth = {"skewed": 2, "ratio": 3}[draw]
    share = coverage(
        truth, lambda seed: bootstrap(rows(np.random.default_rng(seed)), mean, seed=seed, draws=500)
    )
    assert COVERED[0] <= share <= COVERED[1]


@pytest.mark.parametrize("truth", [0.5, 0.8, 0.03])
def test_wilson_intervals_cover(truth):
    counts = np.random.default_rng(0).binomial(200, truth, SIMULATIONS)
    share = coverage(truth, lambda seed: wilson(int(counts[seed]), 200))
    assert COVERED[0] <= share <= COVERED[1]


def test_wilson_is_what_scipy_gives_and_never_empty():
    for successes, n in ((0, 10), (3, 10), (10, 10), (77, 400)):
        found = wilson(successes, n)
        theirs = stats.binomtest(successes, n).proportion_ci(method="wilson")
        assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert wilson(10, 10).low < 0.8 and np.isnan(wilson(0, 0).point)


def test_jackknife_intervals_cover():
    def simulate(seed):
        x = np.random.default_rng(seed).normal(0, 2, (20, 25))
        without = [np.delete(x, part, axis=0).std(ddof=1) for part in range(20)]
        return jackknife(x.std(ddof=1), without, x.size)

    assert COVERED[0] <= coverage(2, simulate) <= COVERED[1]


def test_paired_tests_keep_their_level_and_see_a_difference():
    """Of two models that are equally good, on items that differ much, one in twenty is told apart."""

    def simulate(seed, gain):
        rng = np.random.default_rng(seed)
        items = rng.normal(0, 5, 50)
        first, second = items + rng.normal(0, 1, 50), items + gain + rng.normal(0, 1, 50)
        return paired(mean_rows(first), mean_rows(second), seed=seed, draws=300)

    equal = [simulate(seed, 0) for seed in range(SIMULATIONS)]
    assert 0.03 <= np.mean([found.told_apart for found in equal]) <= 0.07
    assert 0.03 <= np.mean([found.p < 0.05 for found in equal]) <= 0.07
    assert np.mean([simulate(seed, 0.8).verdict(True) == "better" for seed in range(100)]) > 0.9


def test_paired_shares_keep_their_level_also_where_few_differ():
    apart = []
    for seed in range(SIMULATIONS):
        rng = np.random.default_rng(seed)
        both, only = rng.random(100) < 0.5, rng.integers(0, 2, 100)
        differ = rng.random(100) < 0.2
        first = np.where(differ, only, both).astype(float)
        second = np.where(differ, 1 - only, both).astype(float)
        low, high = share_difference(first, second)
        apart.append(low > 0 or high < 0)
    assert 0.02 <= np.mean(apart) <= 0.07
    five_to_one = np.array([1.0] * 5 + [0.0] + [1.0] * 34), np.array([0.0] * 5 + [1.0] + [1.0] * 34)
    found = Share.of(five_to_one[1]).minus(Share.of(five_to_one[0]), 0)
    assert found.point == pytest.approx(-0.1) and found.verdict(True) == "not different" and found.p > 0.05


def test_a_difference_is_told_in_words():
    assert Difference(2, 1, 3, 9).verdict(True) == "better"
    assert Difference(2, 1, 3, 9).verdict(False) == "worse"
    assert Difference(2, -1, 5, 9).verdict(True) == "not different"
    nothing = paired(mean_rows([1.0]), mean_rows([2.0]))
    assert nothing.verdict(True) == "not different" and np.isnan(nothing.low)  # one item tells nothing


def test_intervals_are_the_same_again_and_do_not_depend_on_how_draws_are_split(monkeypatch):
    rows = mean_rows(np.random.default_rng(1).normal(size=40))
    whole = bootstrap(rows, seed=7)
    assert whole == bootstrap(rows, seed=7) and whole != bootstrap(rows, seed=8)
    monkeypatch.setattr(intervals, "ROWS_AT_ONCE", 4000)
    assert bootstrap(rows, seed=7) == whole
    assert bootstrap(mean_rows([2.0] * 9)).high == 2


def test_the_sign_test_keeps_its_level_and_leaves_ties_out():
    assert sign_test(15, 5) == pytest.approx(stats.binomtest(15, 20).pvalue)
    assert sign_test(0, 0) == 1
    wins = np.random.default_rng(0).binomial(40, 0.5, SIMULATIONS)
    assert np.mean([sign_test(int(win), 40 - int(win)) < 0.05 for win in wins]) <= 0.06
    assert win_share(2, 2, 16).point == 0.5 and win_share(0, 0, 20).point == 0.5


def test_bradley_terry_finds_the_strengths_it_was_played_with():
    truth = np.array([1.0, 0.0, -1.0])

    def play(seed, rounds):
        rng, games = np.random.default_rng(seed), []
        for _ in range(rounds):
            for i, j in ((0, 1), (0, 2), (1, 2)):
                share = 1 / (1 + np.exp(truth[j] - truth[i]))
                games.append((i, j, float(rng.random() < share)))
        return bradley_terry(games, 3)

    many = play(0, 3000)
    assert [part.strength.point for part in many] == pytest.approx(truth, abs=0.1)
    found = [play(seed, 60) for seed in range(SIMULATIONS)]
    for place, beta in enumerate(truth):
        held = [run[place].strength.low <= beta <= run[place].strength.high for run in found]
        assert COVERED[0] <= np.mean(held) <= COVERED[1]


def test_bradley_terry_of_two_is_the_share_of_wins_and_never_infinite():
    beaten = bradley_terry([(0, 1, 1.0)] * 20, 2)
    assert beaten[0].strength.low > 0 and beaten[0].strength.high < 10
    tied = bradley_terry([(0, 1, 0.5)] * 20, 2)
    assert [part.strength.point for part in tied] == pytest.approx([0, 0], abs=1e-9)
    assert tied[0].share.point == pytest.approx(0.5) and tied[0].share.low < 0.5 < tied[0].share.high
