import math
from dataclasses import replace

import pytest
import torch

from aigc_demo.core.errors import InputError
from aigc_demo.families import gan
from aigc_demo.families.gan.evaluate import evaluate
from aigc_demo.families.gan.train import Recipe, make_learner
from aigc_demo.models.checkpoints import read_config, read_weights
from aigc_demo.training import RunFolder, TrainPlan, make_accelerator, train


@pytest.fixture(scope="module")
def accelerator():
    return make_accelerator("cpu")


@pytest.fixture
def plan(prepare, tmp_path):
    return TrainPlan(prepare(), tmp_path / "run", steps=6, seed=7, save_every=3, batch_size=8)


def weights(network):
    return {name: part.detach().clone() for name, part in network.state_dict().items()}


def changed(before, network):
    return {name for name, part in network.state_dict().items() if not torch.equal(part, before[name])}


@pytest.mark.training
@pytest.mark.parametrize(("side", "colour"), [(28, False), (64, True)])
def test_resuming_gives_the_same_bits(prepare, tmp_path, accelerator, side, colour):
    data = prepare(count=60, side=side, colour=colour)
    runs = {}
    for name, stops in {"whole": [], "parts": [3]}.items():
        one = TrainPlan(data, tmp_path / name, steps=6, seed=7, save_every=3, batch_size=8)
        for stop in [*stops, None]:
            for progress in train(make_learner(one, accelerator), one):
                if progress.step == stop:
                    RunFolder(one.run).stop.set()
        runs[name] = read_weights(one.run)
        assert progress.step == 6
    assert runs["whole"].keys() == runs["parts"].keys()
    assert all(torch.equal(runs["whole"][name], part) for name, part in runs["parts"].items())


def test_a_step_trains_both_players_and_its_figures_stay_on_the_device(plan, accelerator):
    learner = make_learner(plan, accelerator)
    learner.step(0.5, 1.0)  # residual branches start at zero: the second step reaches what lies before them
    before = weights(learner.generator), weights(learner.discriminator)
    figures = learner.step(0.5, 1.0)
    assert changed(before[0], learner.generator) == before[0].keys() - {"w_mean"}
    # the bias of the logit cancels in the loss, where only differences count
    assert changed(before[1], learner.discriminator) | {"logit.bias"} == before[1].keys()
    assert all(figure.shape == () and not figure.requires_grad for figure in figures.values())
    torch.testing.assert_close(
        figures["loss"], figures["generator_loss"] + figures["discriminator_loss"], rtol=0, atol=1e-6
    )


@pytest.mark.training
def test_the_discriminator_learns_to_tell_and_the_run_is_of_use(plan, accelerator):
    plan = replace(plan, steps=40, save_every=40)
    lines = list(train(make_learner(plan, accelerator), plan))
    assert lines[-1].figures["real_logit"] > lines[-1].figures["fake_logit"]
    assert lines[-1].figures["discriminator_loss"] != lines[0].figures["discriminator_loss"]
    model = gan.load(plan.run, "cpu")
    quantiles = read_config(plan.run)["score_quantiles"]
    assert len(quantiles) == 101 and quantiles == sorted(quantiles)
    assert model.generator.w_mean.abs().sum() > 0
    figures = evaluate(plan.run, plan.data, "cpu")
    assert figures["diversity"] > 0 and 0 <= figures["memorised"] <= 1
    assert 0 <= figures["held_out_accuracy"] <= 1 and figures["held_out_pictures"] == 120


def test_validation_and_samples_draw_nothing_from_the_run(plan, accelerator):
    learner = make_learner(plan, accelerator)
    before = learner.randomness.state_dict()
    samples, figures = learner.sample(), learner.validate()
    assert torch.equal(learner.sample(), samples) and learner.validate() == figures
    assert all(torch.equal(before[name], part) for name, part in learner.randomness.state_dict().items())
    assert samples.shape == (64, 28, 28) and samples.dtype == torch.uint8
    assert {"diversity", "nearest_ratio", "held_out_accuracy"} <= figures.keys()
    assert all(math.isfinite(value) for value in figures.values())


@pytest.mark.training
def test_twenty_pictures_with_none_held_out_train_in_batches_larger_than_they_are(
    prepare, tmp_path, accelerator
):
    data = prepare(classes=[3, 5], count=100, side=32, colour=True, held_out=0)
    plan = TrainPlan(data, tmp_path, steps=1, batch_size=64)
    list(train(make_learner(plan, accelerator), plan))
    assert "training" in read_config(tmp_path)["scored"]
    assert gan.load(tmp_path, "cpu").image_shape == (3, 32, 32)
    assert "held_out_accuracy" not in evaluate(tmp_path, data, "cpu")


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_small_batches_are_taken(plan, accelerator, batch):
    figures = make_learner(replace(plan, batch_size=batch), accelerator).step(0.0, 1.0)
    assert all(torch.isfinite(figure) for figure in figures.values())


def test_augmentation_follows_the_number_of_pictures_unless_told(plan, accelerator):
    for asked, expected in {"auto": True, "on": True, "off": False}.items():
        assert make_learner(replace(plan, augment=asked), accelerator).augmented is expected


def test_pictures_that_do_not_fit_are_refused(prepare, plan, accelerator):
    for data in (prepare(side=30), prepare(side=24), prepare(count=3)):
        with pytest.raises(InputError):
            make_learner(replace(plan, data=data), accelerator)


def test_gamma_falls_and_stays():
    recipe = Recipe(gamma_last=0.1, burn_in=0.5)
    assert recipe.gamma(0) == pytest.approx(1.0)
    assert recipe.gamma(0.25) == pytest.approx(0.55)
    assert recipe.gamma(0.5) == pytest.approx(0.1) == recipe.gamma(1)
