import dataclasses

import pytest
import torch
from sklearn.datasets import load_digits
from torch.nn import functional as F

from aigc_demo import gan
from aigc_demo.checkpoints import read_config, read_weights
from aigc_demo.gan.train import Recipe, TrainPlan, train


@pytest.fixture(scope="module")
def data():
    """scikit-learn's 8 x 8 digits, enlarged to 28 x 28."""
    bunch = load_digits()
    small = torch.from_numpy(bunch.images).float()[:, None] / 16
    images = (F.interpolate(small, size=(28, 28), mode="bilinear") * 255).round().clamp(0, 255).byte()[:, 0]
    labels = torch.from_numpy(bunch.target).to(torch.uint8)
    names = [str(digit) for digit in range(10)]
    return {
        "train_images": images[:1500],
        "train_labels": labels[:1500],
        "test_images": images[1500:],
        "test_labels": labels[1500:],
        "classes": {"en": names, "zh": names},
    }


def plan(data, run, steps=6):
    return TrainPlan(data, run, "tiny", steps=steps, seed=7, save_every=3)


def test_resuming_gives_the_same_bits(data, tmp_path):
    list(train(plan(data, tmp_path / "whole")))
    loop = train(plan(data, tmp_path / "parts", steps=6))
    stop_at_three(loop, tmp_path / "parts")
    list(train(plan(data, tmp_path / "parts")))
    whole, parts = read_weights(tmp_path / "whole"), read_weights(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def stop_at_three(loop, run):
    """Ask for a stop before the loop starts its fourth step, as the app does: by the file STOP."""
    import aigc_demo.gan.train as module

    step = module.Players.step

    def counted(self, *args):
        figures = step(self, *args)
        counted.calls += 1
        if counted.calls == 3:
            (run / "STOP").touch()
        return figures

    counted.calls = 0
    module.Players.step = counted
    try:
        assert [progress.step for progress in loop] == [3]
    finally:
        module.Players.step = step


def test_discriminator_separates_and_the_run_loads(data, tmp_path):
    (last,) = train(plan(data, tmp_path, steps=30))
    assert last.step == 30
    assert last.figures["real_logit"] > last.figures["fake_logit"]
    model = gan.load(tmp_path, "cpu")
    quantiles = read_config(tmp_path)["score_quantiles"]
    assert len(quantiles) == 101 and quantiles == sorted(quantiles)
    assert model.generator.w_mean.abs().sum() > 0


def test_gamma_falls_and_stays():
    recipe = dataclasses.replace(Recipe(), gamma_first=1.0, gamma_last=0.1, burn_in=0.5)
    assert recipe.gamma(0) == 1.0
    assert abs(recipe.gamma(0.25) - 0.55) < 1e-9
    assert abs(recipe.gamma(0.5) - 0.1) < 1e-9 and abs(recipe.gamma(1) - 0.1) < 1e-9
