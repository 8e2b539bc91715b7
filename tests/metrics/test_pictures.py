"""Metrics, on pictures whose answer is known."""

import pytest
import torch

from aigc_demo.metrics import pictures as metrics


@pytest.fixture
def pictures():
    """Real-looking pictures (400, 8, 8): smooth, so that neighbours differ in more than noise."""
    codes = torch.randn(400, 32, generator=torch.Generator().manual_seed(0))
    basis = torch.randn(32, 64, generator=torch.Generator().manual_seed(1))
    return ((codes @ basis / 4).tanh() * 127 + 128).byte().view(400, 8, 8)


@pytest.mark.parametrize("copies", [0, 1, 20, 100])
def test_planted_copies_are_counted_exactly(pictures, copies):
    train, held_out = pictures[:200], pictures[200:].clone()
    held_out[:copies] = train[:copies]
    assert metrics.memorised_share(held_out, train) == pytest.approx(copies / 200)


def test_nearest_ratio_is_about_one_for_new_pictures_and_zero_for_copies(pictures):
    train, held_out = pictures[:200], pictures[200:]
    assert 0.5 < metrics.nearest_ratio(held_out, train) < 1
    assert metrics.nearest_ratio(train, train) < 0.01
    assert metrics.nearest_ratios(held_out, train).shape == (200,)


@pytest.mark.parametrize("count", [3, 4, 20])
def test_few_training_pictures_leave_enough_neighbours(pictures, count):
    train = pictures[:count]
    assert metrics.memorised_share(train, train) == 1
    assert metrics.memorised_share(pictures[200:], train) < 0.05


def test_ratios_do_not_depend_on_how_rows_are_split(pictures, monkeypatch):
    whole = metrics.nearest_ratios(pictures[200:], pictures[:200])
    monkeypatch.setattr(metrics, "BLOCK", 1000)
    torch.testing.assert_close(metrics.nearest_ratios(pictures[200:], pictures[:200]), whole)


def test_nearest_distances_are_those_of_the_definition(pictures):
    a, b = pictures[:10].float(), pictures[10:40].float()
    direct = (a[:, None] - b[None]).square().sum((2, 3)).sqrt().min(1).values
    torch.testing.assert_close(metrics.nearest(a, b, 1)[0][:, 0], direct, rtol=1e-4, atol=0.05)


def test_class_shares_and_their_distance():
    shares = metrics.class_shares(torch.tensor([0, 0, 1, 3]), 4)
    assert shares.tolist() == [0.5, 0.25, 0, 0.25]
    assert metrics.total_variation(shares, torch.full((4,), 0.25)) == 0.25
    assert metrics.class_shares(torch.zeros(0), 2).tolist() == [0, 0]


def test_active_units_and_diversity():
    means = torch.zeros(100, 4)
    means[:, 1] = torch.linspace(-1, 1, 100)
    assert metrics.active_units(means) == 1
    assert metrics.pairwise_diversity(torch.ones(5, 3)) == 0
