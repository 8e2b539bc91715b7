"""What every training loop leans on."""

import shutil
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from aigc_demo.core.errors import InputError
from aigc_demo.models import checkpoints
from aigc_demo.models.checkpoints import load_state, read_weights, save_weights, states
from aigc_demo.training import (
    Average,
    Randomness,
    RunFolder,
    TrainPlan,
    make_accelerator,
    set_rate,
    train,
    warmup_cosine,
    warmup_stable_decay,
)
from aigc_demo.training.loop import Clock


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


def test_the_rate_rests_and_then_falls():
    factors = [warmup_stable_decay(step / 1000, 1000, 100, 0.6) for step in range(1000)]
    assert factors[0] < 0.02 and max(factors) == 1 and factors[100] == factors[599] == 1
    assert factors[-1] < 0.01 and factors[800] == pytest.approx(0.5, abs=0.01)
    short = [warmup_stable_decay(step / 20, 20, 100, 0.6) for step in range(20)]
    assert short[0] == 0.25 and short[2] == 1  # a tenth of a short run


def test_rates_are_factors_of_each_groups_own():
    a, b = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([{"params": [a], "lr": 1.0}, {"params": [b], "lr": 0.1}])
    for factor in (0.5, 0.25, 1.0):
        set_rate(optimizer, factor)
        assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([factor, 0.1 * factor])


def test_the_clock_counts_on():
    assert 100 <= Clock(100.0).seconds() < 101


def test_random_numbers_go_on_where_they_stood():
    first = Randomness(1)
    torch.randn(3), torch.randn(3, generator=first.generator)
    state = first.state_dict()
    wanted = torch.randn(4), torch.randn(4, generator=first.generator)
    other = Randomness(2)
    other.load_state_dict(state)
    assert torch.equal(torch.randn(4), wanted[0])
    assert torch.equal(torch.randn(4, generator=other.generator), wanted[1])


class Line:
    """Fits y = 2 x + 1 by a line; `wish` is called before each step, and may raise or ask for something."""

    def __init__(self, plan, accelerator, wish=lambda step: None):
        self.plan, self.accelerator, self.wish, self.examples = plan, accelerator, wish, 4
        self.randomness = Randomness(plan.seed)
        self.line = nn.Linear(1, 1)
        self.optimizer = torch.optim.Adam(self.line.parameters(), lr=0.1)
        self.rates, self.exports, self.taken = [], [], 0

    def step(self, progress, rate):
        self.wish(round(progress * self.plan.steps))
        self.rates.append(rate)
        self.taken += 1
        set_rate(self.optimizer, rate)
        x = torch.randn(4, 1, generator=self.randomness.generator)
        loss = (self.line(x) - 2 * x - 1).square().mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {"loss": loss.detach()}

    def parts(self):
        return {"line": self.line, "optimizer": self.optimizer, "randomness": self.randomness}

    def validate(self):
        return {"held_out": self.line.weight.item()}

    def sample(self):
        return [f"{self.line.weight.item():.3f} x"]

    def export(self, final):
        self.exports.append(final)
        save_weights(self.plan.run, {"w": self.line.weight}, {"final": final})


@pytest.fixture(scope="module")
def accelerator():
    return make_accelerator("cpu")


@pytest.fixture
def learn(tmp_path, accelerator):
    """Train a line in the run folder `name`; the learner and the progress that was shown."""

    def run(name="run", wish=lambda step: None, doctor=lambda log: [], **fields):
        plan = TrainPlan(tmp_path, tmp_path / name, **{"steps": 20, "save_every": 5, **fields})
        learner = Line(plan, accelerator, wish)
        return learner, list(train(learner, plan, doctor))

    return run


def test_a_run_leaves_its_log_samples_two_states_and_its_weights(learn, tmp_path):
    learner, shown = learn()
    folder = RunFolder(tmp_path / "run")
    assert (
        [line["step"] for line in folder.log()] == [progress.step for progress in shown] == list(range(1, 21))
    )
    assert {"seconds", "loss", "per_second", "held_out"} <= set(folder.log()[-1])
    assert [int(path.stem) for path in folder.samples()] == list(range(21)) and folder.samples()[
        0
    ].suffix == ".json"
    assert [path.stem for path in states(folder.path)] == ["state-00000015", "state-00000020"]
    assert learner.exports == [False, False, False, False, True]
    assert torch.equal(read_weights(folder.path)["w"], learner.line.weight)


def test_a_stop_is_saved_and_gone_on_from_to_the_same_bits(learn, tmp_path):
    stop, save, sample = (tmp_path / "parts" / name for name in ("STOP", "SAVE", "SAMPLE"))
    wishes = {4: lambda: save.touch() or sample.touch(), 7: stop.touch}
    _, shown = learn("parts", lambda step: wishes.pop(step, lambda: None)())
    assert shown[-1].step == 8 and load_state(tmp_path / "parts")["step"] == 8
    assert not any(flag.exists() for flag in (stop, save, sample))
    learner, shown = learn("parts")
    assert learner.taken == 12 and shown[0].step == 9
    learn("whole")
    parts, whole = (RunFolder(tmp_path / name) for name in ("parts", "whole"))
    assert torch.equal(read_weights(parts.path)["w"], read_weights(whole.path)["w"])
    assert [line["loss"] for line in parts.log()] == [line["loss"] for line in whole.log()]


def test_a_crash_goes_back_to_the_last_save_and_forgets_what_came_after(learn, tmp_path):
    def crash(step):
        if step == 13:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        learn("parts", crash)
    assert RunFolder(tmp_path / "parts").log()[-1]["step"] == 13
    learner, shown = learn("parts")
    assert learner.taken == 10 and shown[0].step == 11
    learn("whole")
    parts, whole = (RunFolder(tmp_path / name) for name in ("parts", "whole"))
    assert [line["loss"] for line in parts.log()] == [line["loss"] for line in whole.log()]
    assert torch.equal(read_weights(parts.path)["w"], read_weights(whole.path)["w"])


def test_a_damaged_last_state_gives_way_to_the_one_before(learn, tmp_path):
    learn("run", steps=10)
    last = states(tmp_path / "run")[-1]
    data = bytearray(last.read_bytes())
    data[-3] ^= 1
    last.write_bytes(data)
    assert load_state(tmp_path / "run")["step"] == 5
    states(tmp_path / "run")[0].write_bytes(b"")
    with pytest.raises(InputError, match="damaged"):
        load_state(tmp_path / "run")


def test_a_run_that_had_saved_its_end_still_writes_its_final_weights(learn, tmp_path):
    learn()
    save_weights(tmp_path / "run", {"w": torch.zeros(1)}, {"final": False})  # as if killed between the two
    learner, shown = learn()
    assert shown == [] and learner.exports == [True] and learner.taken == 0
    assert torch.equal(read_weights(tmp_path / "run")["w"], learner.line.weight)


def test_a_divergence_rolls_back_at_half_the_rate(learn, tmp_path):
    learners = []

    def spoil(step):
        if step == 12 and not learners:
            learners.append(step)
            with torch.no_grad():
                learner.line.weight.fill_(float("nan"))

    plan = TrainPlan(tmp_path, tmp_path / "run", steps=20, save_every=5)
    learner = Line(plan, make_accelerator("cpu"), spoil)
    shown = list(train(learner, plan))
    (event,) = RunFolder(plan.run).events()
    assert event["kind"] == "divergence" and event["diverged_at"] == 13 and event["rate"] == 0.5
    assert event["evidence"] == {"loss": "nan"} and event["step"] == 10
    assert learner.rates[-1] == 0.5 and shown[-1].step == 20
    assert torch.isfinite(read_weights(plan.run)["w"]).all()


def test_a_third_divergence_is_the_end_in_words(tmp_path, accelerator):
    plan = TrainPlan(tmp_path, tmp_path / "run", steps=20, save_every=5)

    def spoil(step):
        with torch.no_grad():
            learner.line.weight.fill_(float("inf"))

    learner = Line(plan, accelerator, spoil)
    with pytest.raises(InputError, match="third time; start again with a lower learning rate"):
        list(train(learner, plan))
    assert [event["rate"] for event in RunFolder(plan.run).events()] == [0.5, 0.25]
    assert torch.isfinite(read_weights(plan.run)["w"]).all()


def test_a_loss_that_explodes_is_a_divergence_too(learn, tmp_path):
    def explode(step):
        if step >= 30:
            with torch.no_grad():
                learner.line.weight.add_(1e3)

    plan = TrainPlan(tmp_path, tmp_path / "run", steps=60, save_every=10)
    learner = Line(plan, make_accelerator("cpu"), explode)
    with pytest.raises(InputError, match="third time"):
        list(train(learner, plan))


@pytest.mark.parametrize("where", ["validate", "sample", "export"])
@pytest.mark.parametrize(
    ("error", "spoils"),
    [
        (torch.linalg.LinAlgError("not positive-definite"), False),
        (FloatingPointError("w is not finite"), False),
        (RuntimeError("probability tensor contains either inf, nan or element < 0"), True),
        (ValueError("nothing in it"), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_breaks_on_weights_out_of_sight_is_a_divergence(tmp_path, accelerator, where, error, spoils):
    plan = TrainPlan(tmp_path, tmp_path / "run", steps=20, save_every=5)
    steps = []
    learner = Line(plan, accelerator, steps.append)
    real = getattr(learner, where)

    def broken(*given, **named):
        late = bool(steps) and steps[-1] >= 10
        steps.clear()
        if late:
            if spoils:
                with torch.no_grad():
                    learner.line.weight.fill_(float("nan"))
            raise error
        return real(*given, **named)

    setattr(learner, where, broken)
    with pytest.raises(InputError, match=r"diverged at step \d+, a third time"):
        list(train(learner, plan))
    assert load_state(plan.run)["step"] == 10 and torch.isfinite(read_weights(plan.run)["w"]).all()
    assert {event["kind"] for event in RunFolder(plan.run).events()} == {"divergence"}


def test_weights_that_are_spoilt_by_their_last_step_are_not_saved(tmp_path, accelerator):
    plan = TrainPlan(tmp_path, tmp_path / "run", steps=10, save_every=5)
    learner = Line(plan, accelerator)
    step = learner.step

    def spoil(progress, rate):
        figures = step(progress, rate)
        if learner.taken == 5:
            learner.line.weight.data.fill_(float("nan"))
        return figures

    learner.step = spoil
    assert list(train(learner, plan))[-1].step == 10
    assert torch.isfinite(read_weights(plan.run)["w"]).all()


def test_an_error_of_the_program_is_none_of_the_weights(tmp_path, accelerator):
    learner = Line(TrainPlan(tmp_path, tmp_path / "run", steps=10), accelerator)
    learner.validate = lambda: 1 / 0
    with pytest.raises(ZeroDivisionError):
        list(train(learner, learner.plan))


def test_what_the_doctor_says_becomes_an_event(learn, tmp_path):
    said = [{"kind": "diagnosis", "name": "steep"}]
    learn(doctor=lambda log: said if len(log) == 3 else [])
    (event,) = RunFolder(tmp_path / "run").events()
    assert (event["step"], event["kind"], event["name"]) == (3, "diagnosis", "steep")


def test_a_disk_without_room_for_a_save_ends_the_run_in_words(learn, tmp_path, monkeypatch):
    learn(steps=5)
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(InputError, match="disk is nearly full") as caught:
        learn(steps=10)
    assert "state-00000005" in caught.value.text.zh
    monkeypatch.undo()
    assert load_state(tmp_path / "run")["step"] == 5
    assert shutil.disk_usage(tmp_path).free > 0


def test_half_a_line_at_the_end_of_a_log_is_left_out(tmp_path):
    folder = RunFolder(tmp_path)
    for step in (1, 2, 3):
        folder.write_line("log.jsonl", {"step": step})
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 4, "lo')
    assert [line["step"] for line in folder.log()] == [1, 2, 3]
    folder.forget_after(2)
    folder.write_line("log.jsonl", {"step": 3})
    assert [line["step"] for line in folder.log()] == [1, 2, 3]
