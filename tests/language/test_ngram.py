import numpy as np
import pytest

from aigc_demo.language.ngram import KneserNey


def rows_of(text: str) -> list[list[int]]:
    """0 stands for the start of a row, a to c for 1 to 3."""
    return [[0, *("abc".index(c) + 1 for c in row)] for row in text.split()]


def test_bigrams_by_hand():
    # counts: 0a 2, ab 1, ac 1, ba 1 (too few for counts of counts: every discount is 0.75)
    model = KneserNey(rows_of("aba ac"), vocab_size=4, order=2)
    # continuation counts: a follows {0, b}, b {a}, c {a}; 4 in all, of 3 kinds
    uniform = 0.75 * 3 / 4 / 4
    lower = {"a": 1.25 / 4 + uniform, "b": 0.25 / 4 + uniform, "c": 0.25 / 4 + uniform}
    after_start = 1.25 / 2 + 0.75 / 2 * lower["a"]
    after_a = 0.25 / 2 + 0.75 * 2 / 2 * lower["b"]
    unseen = 0.75 / 2 * lower["b"]  # 0b: only the mass that a gave away
    unknown_context = lower["b"]  # c has no successor
    assert model.probabilities(rows_of("ab")) == pytest.approx([after_start, after_a])
    assert model.probabilities(rows_of("b"))[0] == pytest.approx(unseen)
    assert model.probabilities(rows_of("cb"))[1] == pytest.approx(unknown_context)


def test_discounts_come_from_the_counts_of_counts():
    from aigc_demo.language.ngram import _discounts

    # n1..n4 = 8, 4, 2, 1; Y = 8 / 16
    counts = np.array([1] * 8 + [2] * 4 + [3] * 2 + [4])
    assert _discounts(counts) == pytest.approx(
        [0, 1 - 2 * 0.5 * 4 / 8, 2 - 3 * 0.5 * 2 / 4, 3 - 4 * 0.5 * 1 / 2]
    )


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_every_context_sums_to_one(order):
    generator = np.random.default_rng(0)
    rows = [[0, *generator.zipf(1.5, 12).clip(1, 8).tolist()] for _ in range(300)]
    model = KneserNey(rows, vocab_size=9, order=order)
    for context in ([0], [0, 3], [0, 1, 2], [0, 8, 8, 8], [0, 1, 1, 7, 5]):
        total = sum(model.probabilities([[*context, token]])[-1] for token in range(9))
        assert total == pytest.approx(1.0)


def test_a_higher_order_predicts_a_regular_text_better():
    rows = [[0, *([1, 2, 1, 3] * 10)] for _ in range(3)]
    bigram, trigram = (-np.log2(KneserNey(rows, 4, n).probabilities(rows)).mean() for n in (2, 3))
    assert trigram < bigram - 0.2
