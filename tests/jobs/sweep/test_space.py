"""Grids, draws and what cannot be varied."""

import math

import pytest

from aigc_demo.core.errors import InputError
from aigc_demo.jobs import TrainRequest
from aigc_demo.jobs.sweep.space import Range, parse, points, tunable

BASE = TrainRequest(family="transformer", data="lessons", name="a")


def spread(search="grid", runs=12, seed=0, **vary):
    return points(BASE, parse(BASE, vary), search, runs, seed)


def test_a_grid_is_every_combination_in_order_and_a_larger_one_a_fair_sample_of_it():
    every = spread(learning_rate="0.01, 0.02,0.04", batch_size="8，16")
    assert [tuple(point.values()) for point in every] == [
        (rate, size) for rate in (0.01, 0.02, 0.04) for size in (8, 16)
    ]
    some = spread(runs=3, learning_rate="0.01,0.02,0.04", batch_size="8,16")
    assert len(some) == 3 and [point for point in every if point in some] == some


def test_draws_differ_lie_in_their_range_and_are_the_same_for_a_seed():
    found = spread("random", 20, learning_rate="0.001..0.1", size="tiny,small", frozen_layers="0..12")
    rates = [point["learning_rate"] for point in found]
    assert len({tuple(point.values()) for point in found}) == 20 and all(0.001 <= r <= 0.1 for r in rates)
    # even on a logarithmic scale: about half are below its middle
    assert 5 <= sum(rate < 0.01 for rate in rates) <= 15
    assert {point["size"] for point in found} == {"tiny", "small"}
    assert all(isinstance(point["frozen_layers"], int) for point in found)
    assert found == spread("random", 20, learning_rate="0.001..0.1", size="tiny,small", frozen_layers="0..12")
    assert found != points(BASE, parse(BASE, {"learning_rate": "0.001..0.1"}), "random", 20, 1)


def test_fewer_combinations_than_runs_end_the_draws():
    assert len(spread("random", 12, size="tiny,small", batch_size="4,8")) == 4


def test_a_range_is_logarithmic_where_its_ends_are_far_apart():
    assert math.isclose(Range(0.001, 0.1).at(0.5), 0.01) and Range(1, 3).at(0.5) == 2
    values = [point["learning_rate"] for point in spread(learning_rate="0.001..1")]
    assert values == [0.001, 0.01, 0.1, 1.0]


@pytest.mark.parametrize(
    ("vary", "sentence"),
    [
        ({}, "1 to 3 settings"),
        ({"steps": "10,20"}, "steps cannot be varied"),
        ({"kl_weight": "0.1,1"}, "kl_weight cannot be varied"),
        ({"learning_rate": "0.1"}, "one value is nothing"),
        ({"learning_rate": "0.2..0.1"}, "is no range"),
        ({"size": "tiny..base"}, "is no range"),
        ({"size": "tiny,huge"}, "Size"),
        ({"learning_rate": "0.1,99"}, "Learning rate"),
    ],
)
def test_what_cannot_be_varied_is_a_sentence(vary, sentence):
    with pytest.raises(InputError, match=sentence):
        parse(BASE, vary)


def test_each_family_is_tuned_by_its_own_settings():
    assert {"kl_weight", "learning_rate", "seed"} <= set(tunable("vae")) and "kl_weight" not in tunable("gan")
