"""The operations that count are those of the networks, by a formula; nothing timed is asserted."""

import torch

from aigc_demo.bench.peak import convolution, dtypes, product, used, useful_operations, weights_of
from aigc_demo.bench.train_pictures import twins
from aigc_demo.models.family import family
from aigc_demo.training import TrainPlan, make_accelerator


def language_model(folder):
    text = folder / "text.txt"
    text.write_text("".join(f"On day {day} the ship lay at anchor.\n" for day in range(400)), "utf-8")
    return twins("transformer", TrainPlan(text, folder / "run", "tiny", 10), make_accelerator("cpu"))[0]


def test_the_operations_of_a_step_are_those_of_the_formula(tmp_path):
    learner = language_model(tmp_path)
    shape, before = learner.network.shape, [weight.clone() for weight in learner.network.parameters()]
    batch = learner.batches.take()
    learner.batches.position -= 1
    tokens = batch.shape[0] * (batch.shape[1] - 1)
    products = shape.layers * (4 * shape.hidden_size**2 + 3 * shape.hidden_size * shape.intermediate_size)
    forward = 2 * tokens * (products + shape.vocab_size * shape.hidden_size)
    attention = 2 * tokens * (batch.shape[1] - 1) * shape.hidden_size * shape.layers  # half of each product
    assert useful_operations(learner) == 3 * (forward + attention)
    assert all(torch.equal(old, new) for old, new in zip(before, learner.network.parameters(), strict=True))
    learner.step(0.1, 1.0)  # the optimisers go on
    assert not torch.equal(before[0], next(iter(learner.network.parameters())))


def test_a_share_is_of_the_peak_measured_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr("aigc_demo.bench.peak.ROUNDS", 1)
    learner = language_model(tmp_path)
    found = used(family("transformer"), learner, "cpu")
    assert found.unit == "GFLOP/s" and 0 < found.ratio < 1
    assert f"{sum(weight.numel() for weight in weights_of(learner)) / 1e6:.1f} M" in found.words.en


def test_both_dtypes_are_measured_there_and_back(monkeypatch):
    monkeypatch.setattr("aigc_demo.bench.peak.ROUNDS", 1)
    monkeypatch.setattr("aigc_demo.bench.peak.WIDTH", 64)
    monkeypatch.setattr("aigc_demo.bench.peak.BATCH", 1)
    assert [len(found.ours) for found in dtypes("cpu")] == [1, 1, 1, 1]
    assert all(make("cpu", torch.float32, True)() > 0 for make in (product, convolution))
