import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from torch.nn import functional as F

from aigc_demo.core.errors import InputError
from aigc_demo.families import vae
from aigc_demo.families.vae.evaluate import evaluate
from aigc_demo.families.vae.train import damage_half, label_at, make_learner, mirror_half
from aigc_demo.models.checkpoints import read_config, read_weights
from aigc_demo.models.damage import halve
from aigc_demo.models.pixels import to_float, to_uint8
from aigc_demo.training import TrainPlan, make_accelerator, train


def write_data(folder, images, labels, classes, held_out):
    """A prepared data set whose last `held_out` pictures are held out."""
    folder.mkdir()
    cut = len(images) - held_out
    arrays = {
        "train_images": images[:cut],
        "train_labels": labels[:cut],
        "test_images": images[cut:],
        "test_labels": labels[cut:],
    }
    save_file({name: array.contiguous() for name, array in arrays.items()}, folder / "images.safetensors")
    names = [str(label) for label in range(classes)]
    (folder / "source.json").write_text(json.dumps({"classes": {"en": names, "zh": names}}))
    return folder


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """scikit-learn's 8 x 8 digits, enlarged to 28 x 28."""
    bunch = load_digits()
    small = torch.from_numpy(bunch.images).float()[:, None] / 16
    images = (F.interpolate(small, size=(28, 28), mode="bilinear") * 255).round().clamp(0, 255).byte()[:, 0]
    labels = torch.from_numpy(bunch.target).to(torch.uint8)
    return write_data(tmp_path_factory.mktemp("data") / "digits", images, labels, 10, 297)


def photos(folder, count=12, side=64, classes=2, held_out=0):
    """A few colour pictures of smooth stains, a class a tint."""
    generator = torch.Generator().manual_seed(3)
    labels = torch.arange(count) % classes
    stains = F.interpolate(torch.rand(count, 3, 4, 4, generator=generator), size=(side, side), mode="bicubic")
    tinted = stains * (1 + labels[:, None, None, None]) / classes
    images = (tinted.clamp(0, 1) * 255).byte().permute(0, 2, 3, 1)
    return write_data(folder, images, labels.to(torch.uint8), classes, held_out)


def run(plan):
    """Train to the end; the lines of the log."""
    return list(train(make_learner(plan, make_accelerator("cpu")), plan))


@pytest.mark.parametrize("adversarial_weight", [0.0, 0.5])
def test_resuming_gives_the_same_bits(tmp_path, adversarial_weight):
    data = photos(tmp_path / "data", side=32, held_out=4)
    plan = TrainPlan(data, tmp_path / "whole", steps=6, seed=7, save_every=3, augment="on", batch_size=8)
    plan = replace(plan, adversarial_weight=adversarial_weight)
    assert ("told_apart" in run(plan)[-1].figures) == bool(adversarial_weight)
    parts = replace(plan, run=tmp_path / "parts")
    for progress in train(make_learner(parts, make_accelerator("cpu")), parts):
        if progress.step == 2:
            (parts.run / "STOP").touch()
    assert progress.step == 3
    assert run(parts)[-1].step == 6
    whole, resumed = read_weights(plan.run), read_weights(parts.run)
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_loss_falls_and_the_run_loads(digits, tmp_path):
    learner = make_learner(TrainPlan(digits, tmp_path, batch_size=32), make_accelerator("cpu"))
    before = learner.validate()
    for _ in range(60):
        learner.step(progress=0.1, rate=1.0)
    after = learner.validate()
    assert after["held_out_loss"] < 0.75 * before["held_out_loss"]
    assert set(after) == {
        "held_out_loss", "held_out_reconstruction", "held_out_kl", "active_units", "latent_dim", "picture_values",
    }  # fmt: skip
    learner.export(final=True)
    model = vae.load(tmp_path, "cpu")
    assert len(model.mixtures) == 10 and model.codes.shape == (1500, model.latent_dim)


def test_few_coloured_pictures_of_two_classes_can_be_trained_on(tmp_path):
    data = photos(tmp_path / "data", count=4)
    run(TrainPlan(data, tmp_path / "run", steps=3, save_every=1, batch_size=6))
    model = vae.load(tmp_path / "run", "cpu")
    assert model.image_shape == (3, 64, 64) and len(model.mixtures) == 2
    z = model.sample_latents(torch.tensor([0, 1]), torch.Generator().manual_seed(0))
    assert model.decode(z).isfinite().all() and model.decode(z).shape == (2, 3, 64, 64)


def test_fine_tuning_goes_on_from_the_weights_of_another_run(digits, tmp_path):
    vae.write_debug_model(tmp_path / "start")
    plan = TrainPlan(digits, tmp_path / "run", size="base", steps=1, start=tmp_path / "start")
    learner = make_learner(plan, make_accelerator("cpu"))
    start = read_weights(plan.start)
    assert torch.equal(learner.encoder.stem.weight.half(), start["encoder.stem.weight"])
    assert list(train(learner, plan))[-1].step == 1
    assert read_config(plan.run)["network"] == read_config(plan.start)["network"]


@pytest.mark.parametrize("fault", ["side", "other", "frozen", "size"])
def test_a_plan_that_does_not_fit_is_refused_in_both_languages(digits, tmp_path, fault):
    plan = TrainPlan(digits, tmp_path / "run", steps=1)
    if fault == "side":
        vae.write_debug_model(tmp_path / "start", side=32, channels=3)
        plan = replace(plan, start=tmp_path / "start")
    elif fault == "other":
        (tmp_path / "config.json").write_text('{"network": {"heads": 3}}')
        plan = replace(plan, start=tmp_path)
    elif fault == "frozen":
        plan = replace(plan, frozen_layers=1)
    else:
        plan = replace(plan, data=photos(tmp_path / "data", side=30))
    with pytest.raises(InputError) as refusal:
        make_learner(plan, make_accelerator("cpu"))
    assert refusal.value.text.en.endswith(".") and refusal.value.text.zh.endswith("。")


def test_too_much_kl_leaves_no_unit_active(digits, tmp_path):
    active = {}
    for weight in (0.0, 50.0):
        learner = make_learner(
            TrainPlan(digits, tmp_path, kl_weight=weight, batch_size=32), make_accelerator("cpu")
        )
        for _ in range(50):
            learner.step(progress=0.1, rate=1.0)
        active[weight] = learner.validate()["active_units"]
    assert active[50.0] == 0 and active[0.0] >= 14


def test_a_run_is_measured_on_what_was_held_out(tmp_path):
    for held_out, split in ((8, "held-out"), (0, "training")):
        data = photos(tmp_path / split, count=20, held_out=held_out)
        plan = TrainPlan(data, tmp_path / f"{split}-run", steps=1)
        assert {"held_out_loss", "active_units"} <= set(run(plan)[-1].figures)
        figures = evaluate(plan.run, data, "cpu")
        assert figures["measured_on"] == split and figures["pictures"] == (held_out or 20)
        assert figures["elbo_nats"] == pytest.approx(
            -figures["reconstruction_nats"] - figures["kl_nats"], abs=0.02
        )
        assert 0 < figures["squared_error"] < 1
        # a network that knows nothing paints everything grey, as a hole is; of half the resolution the known is put back
        assert figures["hole_repaired_db"] == pytest.approx(figures["hole_damaged_db"], abs=0.1)
        assert figures["noise_repaired_db"] < figures["noise_damaged_db"]
        assert 30 < figures["halved_repaired_db"] < figures["halved_damaged_db"]


def test_settings_of_the_plan_are_taken(digits, tmp_path):
    plan = TrainPlan(digits, tmp_path, learning_rate=0.25, batch_size=10, kl_weight=0.0)
    learner = make_learner(plan, make_accelerator("cpu"))
    assert learner.examples == 10 and learner.optimizer.param_groups[0]["lr"] == 0.25
    figures = learner.step(0.5, 1.0)
    assert figures["loss"] == figures["reconstruction"] and not figures["loss"].requires_grad


def test_samples_stand_in_columns_of_classes(digits, tmp_path):
    assert [label_at(place, 2) for place in range(8)] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert {label_at(place, 10) for place in range(64)} == set(range(10))
    learner = make_learner(TrainPlan(digits, tmp_path), make_accelerator("cpu"))
    samples = learner.sample()
    assert samples.shape == (64, 28, 28) and samples.dtype == torch.uint8
    assert torch.equal(samples, learner.sample())


def test_half_of_the_batch_is_damaged_in_each_of_three_ways_and_stays_in_range():
    images = torch.rand(60, 1, 28, 28, generator=torch.Generator().manual_seed(1)) * 1.8 - 0.9
    damaged = damage_half(images, 0.5, torch.Generator().manual_seed(0))
    assert torch.equal(damaged[1::2], images[1::2])
    assert damaged.abs().max() <= 1
    some, found = damaged[::2], images[::2]
    halved = [torch.equal(a, b) for a, b in zip(some, halve(found), strict=True)]
    holed = [0.09 * 784 < int((one == 0).sum()) < 0.31 * 784 for one in some]
    assert min(sum(halved), sum(holed)) > 3 and sum(halved) + sum(holed) < 27
    assert not any(a and b for a, b in zip(halved, holed, strict=True))


def test_mirroring_leaves_a_picture_or_turns_it_and_bytes_survive_the_way_to_numbers_and_back():
    pictures = torch.randint(256, (40, 28, 28, 3)).byte()
    images = to_float(pictures)
    assert images.shape == (40, 3, 28, 28) and torch.equal(to_uint8(images), pictures)
    assert torch.equal(to_uint8(to_float(pictures[..., 0])), pictures[..., 0])
    mirrored = mirror_half(images, torch.Generator().manual_seed(0))
    turned = [torch.equal(a, b.flip(2)) for a, b in zip(mirrored, images, strict=True)]
    kept = [torch.equal(a, b) for a, b in zip(mirrored, images, strict=True)]
    assert all(a != b for a, b in zip(turned, kept, strict=True)) and 10 < sum(turned) < 30
