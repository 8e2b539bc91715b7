"""One run trains the autoencoder, then the Transformer; stopped anywhere it goes on bit for bit."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from aigc_demo.core.errors import InputError
from aigc_demo.families import dalle
from aigc_demo.families.dalle import train as training
from aigc_demo.families.dalle.evaluate import evaluate
from aigc_demo.families.dalle.train import make_learner
from aigc_demo.language.padding import trimmed
from aigc_demo.models.checkpoints import read_config, read_weights
from aigc_demo.training import TrainPlan, make_accelerator, train
from tests.families.dalle.conftest import Squares


def run(plan):
    return list(train(make_learner(plan, make_accelerator("cpu")), plan))


@pytest.fixture
def plan(squares, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "VALIDATED", 16)
    monkeypatch.setattr(training, "SAMPLES", 4)
    return TrainPlan(tmp_path / "data", tmp_path / "run", steps=10, seed=7, save_every=3, batch_size=8)


@pytest.mark.parametrize("stopped_at", [2, 8])  # while the autoencoder learns, and while the Transformer does
def test_resuming_gives_the_same_bits(plan, tmp_path, stopped_at):
    run(plan)
    parts = replace(plan, run=tmp_path / "parts")
    for progress in train(make_learner(parts, make_accelerator("cpu")), parts):
        if progress.step == stopped_at:
            (parts.run / "STOP").touch()
    assert progress.step == stopped_at + 1
    assert run(parts)[-1].step == 10
    whole, resumed = read_weights(plan.run), read_weights(parts.run)
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_first_the_one_network_learns_and_then_the_other(plan):
    learner = make_learner(plan, make_accelerator("cpu"))

    def weights(network):
        return torch.cat([weight.detach().flatten() for weight in network.parameters()])

    before = weights(learner.autoencoder), weights(learner.transformer)
    assert learner.step(0.1, 1.0).keys() == {"loss", "reconstruction"}
    between = weights(learner.autoencoder), weights(learner.transformer)
    assert not torch.equal(before[0], between[0]) and torch.equal(before[1], between[1])
    assert "held_out_bits" not in learner.validate()
    assert learner.step(0.8, 1.0).keys() == {"loss", "bits"}
    after = weights(learner.autoencoder), weights(learner.transformer)
    assert torch.equal(between[0], after[0]) and not torch.equal(between[1], after[1])
    assert {"psnr", "codes_used", "held_out_bits", "bits_without"} <= learner.validate().keys()


@pytest.mark.training
def test_squares_are_learnt_and_their_captions_too(plan):
    learner = make_learner(replace(plan, batch_size=32), make_accelerator("cpu"))
    share = learner.recipe.share
    for step in range(150):
        learner.step(share * step / 150, 1.0)
    assert learner.validate()["psnr"] > 20
    for step in range(100):
        learner.step(share + (1 - share) * step / 100, 1.0)
    figures = learner.validate()
    assert figures["held_out_bits"] < figures["bits_without"] - 0.05
    learner.export(final=True)
    measured = evaluate(plan.run, plan.data, "cpu")
    assert measured["code_bits"] == pytest.approx(figures["held_out_bits"], rel=0.2)
    assert measured["bits_a_picture"] == pytest.approx(16 * measured["code_bits"], rel=0.01)
    assert measured["told_from_others"] > 0.5 and measured["codes_used"] <= measured["codes"]


def test_two_shares_of_a_batch_have_the_gradient_of_the_whole(plan):
    """What two processes compute, the mean of their gradients, is what one computes on both their batches."""

    def gradients(rank, count, progress):
        accelerator = SimpleNamespace(
            num_processes=count,
            process_index=rank,
            device=torch.device("cpu"),
            autocast=lambda: torch.autocast("cpu", enabled=False),
        )
        learner = make_learner(replace(plan, batch_size=16 // count), accelerator)
        found = []

        def keep(network, *rest):
            found.append(torch.cat([w.grad.flatten() for w in network.parameters() if w.grad is not None]))
            network.zero_grad()

        learner._descend = keep
        learner.step(progress, 1.0)
        return found

    for progress in (0.1, 0.8):
        one = gradients(0, 1, progress)
        two = [gradients(rank, 2, progress) for rank in range(2)]
        assert len(one) == len(two[0]) > 0
        for whole, *parts in zip(one, *two, strict=True):
            assert whole.abs().max() > 0
            assert torch.allclose(torch.stack(parts).mean(0), whole, rtol=1e-3, atol=1e-5)


def test_pieces_hold_every_row_once_with_the_longest_captions_together(plan):
    learner = make_learner(plan, make_accelerator("cpu"))
    captions = torch.zeros(60, 9, dtype=torch.long)
    for row in range(60):
        captions[row, : 1 + row * 7 % 9] = 2
    pieces = list(learner._pieces(captions))
    assert sorted(torch.cat(pieces).tolist()) == list(range(60)) and len(pieces) > 1
    lengths = [trimmed(captions[piece]).shape[1] for piece in pieces]
    assert lengths == sorted(lengths, reverse=True) and lengths[-1] < 9


def test_samples_are_restored_and_later_drawn_the_same_each_time(plan):
    learner = make_learner(plan, make_accelerator("cpu"))
    restored = learner.sample()
    assert restored.shape == (4, 16, 16, 3) and restored.dtype == torch.uint8
    learner.step(0.8, 1.0)
    drawn = learner.sample()
    assert torch.equal(drawn, learner.sample()) and not torch.equal(drawn, restored)


def test_going_on_from_a_model_keeps_what_its_words_mean(plan, tmp_path):
    dalle.write_debug_model(tmp_path / "start")
    learner = make_learner(replace(plan, start=tmp_path / "start", size="base"), make_accelerator("cpu"))
    old, known = (
        read_weights(tmp_path / "start")["transformer.words.weight"],
        dalle.load(tmp_path / "start", "cpu"),
    )
    for word in ("red", "绿"):
        found = learner.transformer.words.weight[learner.tokenizer.numbers[word]]
        assert torch.equal(found.half(), old[known.tokenizer.numbers[word]])
    learner.step(0.8, 1.0)
    learner.export(final=True)
    assert read_config(plan.run)["network"]["hidden"] == read_config(tmp_path / "start")["network"]["hidden"]


@pytest.mark.parametrize("fault", ["size", "frozen", "side", "other side", "other family"])
def test_a_plan_that_does_not_fit_is_refused_in_both_languages(plan, tmp_path, monkeypatch, fault):
    if fault == "size":
        plan = replace(plan, size="huge")
    elif fault == "frozen":
        plan = replace(plan, frozen_layers=1)
    elif fault == "side":
        monkeypatch.setattr(training, "open_material", lambda folder: Squares(side=28 * 4))
    elif fault == "other side":
        dalle.write_debug_model(tmp_path / "start", side=24)
        plan = replace(plan, start=tmp_path / "start")
    else:
        (tmp_path / "config.json").write_text('{"network": {"hidden": 3}}')
        plan = replace(plan, start=tmp_path)
    with pytest.raises(InputError) as refusal:
        make_learner(plan, make_accelerator("cpu"))
    assert refusal.value.text.en.endswith(".") and refusal.value.text.zh.endswith("。")
