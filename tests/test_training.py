"""What every training loop leans on."""

import importlib
import json
import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from aigc_demo.checkpoints import load_state
from aigc_demo.training import (
    Average,
    Clock,
    Log,
    Progress,
    StopFlag,
    random_state,
    restore_random_state,
    set_rate,
    warmup_cosine,
)


def test_the_average_follows_its_formula():
    network = nn.BatchNorm1d(1)
    average = Average(network, decay=0.9)
    expected = 1.0
    for step, value in enumerate((2.0, -1.0, 5.0), 1):
        with torch.no_grad():
            network.weight.fill_(value)
        network.running_mean.fill_(value)
        average.update(network)
        beta = min(0.9, (1 + step) / (10 + step))
        expected = beta * expected + (1 - beta) * value
        assert average.network.weight.item() == pytest.approx(expected)
        assert average.network.running_mean.item() == value  # buffers are copied, not averaged
    assert not average.network.training and not average.network.weight.requires_grad


def test_the_average_goes_on_where_it_stood():
    network = nn.Linear(2, 2)
    first, second = Average(network), Average(nn.Linear(2, 2))
    first.update(network)
    second.load_state_dict(first.state_dict())
    with torch.no_grad():
        network.weight.add_(1)
    first.update(network)
    second.update(network)
    assert torch.equal(first.network.weight, second.network.weight) and first.updates == second.updates == 2


def test_the_rate_rises_falls_and_stays_above_its_floor():
    rates = [warmup_cosine(step / 1000, warmup=0.1, floor=0.05) for step in range(1001)]
    assert rates[0] > 0 and rates[50] == pytest.approx(0.5)
    assert max(rates) == pytest.approx(1.0) == pytest.approx(rates[100])
    assert rates[550] == pytest.approx(0.05 + 0.95 * 0.5)
    assert rates[1000] == pytest.approx(0.05) and warmup_cosine(2.0, floor=0.05) == pytest.approx(0.05)
    assert all(a >= b for a, b in pairwise(rates[100:]))


def test_rates_are_factors_of_each_groups_own():
    a, b = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([{"params": [a], "lr": 1.0}, {"params": [b], "lr": 0.1}])
    for factor in (0.5, 0.25, 1.0):
        set_rate(optimizer, factor)
        assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([factor, 0.1 * factor])


def test_the_log_is_a_line_a_step_and_is_gone_on_with(tmp_path):
    path = tmp_path / "run" / "log.jsonl"
    Log(path).write(Progress(1, 10, 0.123456, {"loss": 2.0}))
    Log(path).write(Progress(2, 10, 0.5, {"loss": 1.5}))
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert lines == [{"step": 1, "seconds": 0.12, "loss": 2.0}, {"step": 2, "seconds": 0.5, "loss": 1.5}]


def test_any_process_can_ask_to_stop(tmp_path):
    flag = StopFlag(tmp_path)
    flag.clear()
    assert not flag.is_set()
    (tmp_path / "STOP").touch()
    assert flag.is_set()
    flag.clear()
    assert not flag.is_set()


def test_the_clock_counts_on():
    assert 100 <= Clock(100.0).seconds() < 101


def test_random_numbers_go_on_where_they_stood():
    generator = torch.Generator().manual_seed(1)
    torch.randn(3), torch.randn(3, generator=generator)
    state = random_state(generator)
    wanted = torch.randn(4), torch.randn(4, generator=generator)
    other = torch.Generator()
    restore_random_state(state, other)
    assert torch.equal(torch.randn(4), wanted[0]) and torch.equal(torch.randn(4, generator=other), wanted[1])
    assert math.isfinite(wanted[0].sum())


@pytest.mark.parametrize("family", ["gan", "vae"])
def test_a_stop_at_any_moment_is_saved(family, tmp_path, monkeypatch):
    """Asked for while the caller shows the progress of step 2, between two saves."""
    module = importlib.import_module(f"aigc_demo.{family}.train")
    monkeypatch.setattr(module, "LOG_EVERY", 1)
    images = torch.randint(256, (40, 28, 28), generator=torch.Generator().manual_seed(0)).byte()
    labels, names = torch.arange(40) % 10, [str(digit) for digit in range(10)]
    data = {"train_images": images, "train_labels": labels, "test_images": images, "test_labels": labels}
    data["classes"] = {"en": names, "zh": names}
    steps = []
    for progress in module.train(
        module.TrainPlan(data, tmp_path, "tiny", steps=1000, seed=0, save_every=500)
    ):
        steps.append(progress.step)
        if progress.step == 2:
            (tmp_path / "STOP").touch()
    assert steps in ([1, 2], [1, 2, 3])
    assert load_state(tmp_path)["step"] == steps[-1]
    assert (tmp_path / "model.safetensors").exists()
