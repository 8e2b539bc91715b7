import pytest
import torch
from sklearn.datasets import load_digits
from torch.nn import functional as F

import aigc_demo.vae.train as module
from aigc_demo import vae
from aigc_demo.checkpoints import read_config, read_weights
from aigc_demo.vae.train import TrainPlan, corrupt_half, train


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


def test_resuming_gives_the_same_bits(data, tmp_path, monkeypatch):
    list(train(TrainPlan(data, tmp_path / "whole", "tiny", steps=4, seed=7, save_every=4)))
    step, calls = module.Learner.step, []

    def stop_after_two(self, *args):
        calls.append(1)
        if len(calls) == 2:
            (tmp_path / "parts" / "STOP").touch()
        return step(self, *args)

    plan = TrainPlan(data, tmp_path / "parts", "tiny", steps=4, seed=7, save_every=4)
    with monkeypatch.context() as patch:
        patch.setattr(module.Learner, "step", stop_after_two)
        assert [progress.step for progress in train(plan)] == [2]
    assert [progress.step for progress in train(plan)] == [4]
    whole, parts = read_weights(tmp_path / "whole"), read_weights(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_loss_falls_and_the_run_loads(data, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LOG_EVERY", 5)
    log = list(train(TrainPlan(data, tmp_path, "tiny", steps=150, seed=0, save_every=150)))
    assert log[-1].figures["loss"] < 0.75 * log[0].figures["loss"]
    model = vae.load(tmp_path, "cpu")
    assert len(model.mixtures) == 10 and model.codes.shape[1] == model.latent_dim
    assert set(read_config(tmp_path)["held_out"]) == {
        "elbo",
        "reconstruction",
        "kl",
        "squared_error",
        "active_units",
    }


def test_half_of_the_batch_is_noisy_and_stays_in_range():
    images = torch.zeros(6, 1, 28, 28)
    noisy = corrupt_half(images, 0.5, torch.Generator().manual_seed(0))
    assert (noisy[:3] != 0).any() and (noisy[3:] == 0).all()
    assert noisy.abs().max() <= 1
