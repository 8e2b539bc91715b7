"""A classifier learns what is there, goes on bit for bit after a kill, and says how far to trust it."""

import json
import math
import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from aigc_demo.core.errors import InputError
from aigc_demo.data import images
from aigc_demo.families import classifier
from aigc_demo.families.classifier.augment import DRAWS, augment
from aigc_demo.families.classifier.evaluate import evaluate
from aigc_demo.families.classifier.losses import cross_entropy
from aigc_demo.families.classifier.train import exchanged, make_learner, set_aside
from aigc_demo.metrics.calibration import best_temperature, calibration_error
from aigc_demo.models.protocols import Classifier, SelfAware
from aigc_demo.training import TrainPlan, make_accelerator, train


@pytest.fixture(scope="module")
def accelerator():
    return make_accelerator("cpu")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Bright squares in one of two corners: what anybody tells apart, and a network within a few steps."""
    folder = tmp_path_factory.mktemp("corners")
    generator = torch.Generator().manual_seed(0)
    arrays = {}
    for split, count in (("train", 64), ("test", 32)):
        labels = torch.arange(count) % 2
        pictures = torch.randint(60, (count, 28, 28), generator=generator)
        pictures[labels == 0, 4:12, 4:12] += 180
        pictures[labels == 1, 16:24, 16:24] += 180
        arrays |= {f"{split}_images": pictures.byte(), f"{split}_labels": labels.byte()}
    save_file(arrays, folder / "images.safetensors")
    names = {"en": ["up", "down"], "zh": ["上", "下"]}
    (folder / "source.json").write_text(json.dumps({"classes": names}), "utf-8")
    return folder


@pytest.fixture(scope="module")
def run(data, accelerator, tmp_path_factory):
    """A run of forty steps."""
    plan = TrainPlan(
        data, tmp_path_factory.mktemp("run"), size="tiny", steps=40, save_every=20, augment="off"
    )
    for _ in train(make_learner(plan, accelerator), plan):
        pass
    return plan


def test_it_learns_what_is_there_and_its_odds_are_odds(run, data):
    model, arrays = classifier.load(run.run, "cpu"), images.load(data)
    assert isinstance(model, Classifier) and isinstance(model, SelfAware)
    pictures = arrays["test_images"][:, None].float() / 127.5 - 1
    odds = model.classify(pictures)
    torch.testing.assert_close(odds.sum(1), torch.ones(32))
    assert (odds.argmax(1) == arrays["test_labels"]).all()
    assert model.features(pictures).shape == (32, 32) and model.features(pictures).dtype == torch.float32
    figures = evaluate(run.run, data, "cpu")
    assert figures["accuracy"] == figures["accuracy_high"] == 1 and 0.85 < figures["accuracy_low"] < 0.95
    assert figures["macro_f1"] == 1 and figures["held_out_pictures"] == 32


def test_odds_do_not_depend_on_the_pictures_beside(run, data):
    model = classifier.load(run.run, "cpu")
    pictures = images.load(data)["test_images"][:20, None].float() / 127.5 - 1
    assert torch.equal(model.classify(pictures)[17:18], model.classify(pictures[17:18]))


def test_it_knows_its_record_and_what_is_strange_to_it(run, data):
    model, arrays = classifier.load(run.run, "cpu"), images.load(data)
    pictures = arrays["test_images"][:, None].float() / 127.5 - 1
    tops = model.classify(pictures).amax(1).tolist()
    assert sum(total for _, total in model.bands.tolist()) == 32
    assert all(0 < model.record(top)[0] <= model.record(top)[1] for top in tops)
    usual, stripes = model.strangeness(pictures), torch.ones(1, 1, 28, 28)
    assert usual.median() < 0.7 and model.strangeness(stripes) > 0.95


def test_a_run_that_is_cut_goes_on_bit_for_bit(run, data, accelerator, tmp_path):
    plan = replace(run, run=tmp_path)
    for progress in train(make_learner(plan, accelerator), plan):
        if progress.step >= 25:
            break  # as a kill would: five steps are lost
    for _ in train(make_learner(plan, accelerator), plan):
        pass
    one, other = (load_file(folder / "model.safetensors") for folder in (run.run, tmp_path))
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_it_starts_from_another_and_known_classes_keep_their_rows(run, data, accelerator, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(data, folder)
    source = folder / "source.json"
    source.write_text(source.read_text("utf-8").replace("up", "left").replace("down", "up"), "utf-8")
    plan = TrainPlan(folder, tmp_path / "run", start=run.run, frozen_layers=2, augment="off")
    learner, old = make_learner(plan, accelerator), classifier.load(run.run, "cpu")
    assert torch.equal(learner.network.head.weight[1], old.network.head.weight[0])
    before = {name: part.clone() for name, part in learner.network.state_dict().items()}
    for _ in range(2):
        learner.step(0.5, 1.0)
    kept = {name for name, part in learner.network.state_dict().items() if torch.equal(part, before[name])}
    assert kept == {name for name in before if name.startswith("levels.")}


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"frozen_layers": 1}, "start from"), ({"frozen_layers": 9, "start": True}, "at most 4"), ({"one": True}, "two classes")],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_the_way_out(run, data, accelerator, tmp_path, changes, words):
    changes = dict(changes)
    if changes.pop("one", False):
        arrays = load_file(data / "images.safetensors")
        save_file({**arrays, "train_labels": arrays["train_labels"] * 0}, tmp_path / "images.safetensors")
        shutil.copy(data / "source.json", tmp_path)
        data = tmp_path
    if changes.pop("start", False):
        changes["start"] = run.run
    with pytest.raises(InputError, match=words):
        make_learner(TrainPlan(data, tmp_path / "run", **changes), accelerator)


@pytest.mark.parametrize("damage", ["missing", "config"])
def test_a_run_that_does_not_fit_is_refused(run, tmp_path, damage):
    tensors, config = (
        load_file(run.run / "model.safetensors"),
        json.loads((run.run / "config.json").read_text()),
    )
    if damage == "missing":
        del tensors["network.head.bias"]
    else:
        config["bands"] = [[1, 2]]
    save_file(tensors, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError):
        classifier.load(tmp_path, "cpu")


def test_samples_tint_what_is_named_wrong(run, data, accelerator):
    learner = make_learner(run, accelerator)
    with torch.no_grad():  # a head that always says "up": every second sample is wrong
        learner.average.network.head.weight.zero_()
        learner.average.network.head.bias.copy_(torch.tensor([1.0, 0.0]))
    samples = learner.sample()
    assert samples.shape == (32, 28, 28, 3) and samples.dtype == torch.uint8
    tinted = (samples[..., 0] != samples[..., 2]).flatten(1).any(1)
    assert tinted.sum() == 16
    assert learner.validate()["silent_classes"] == 1


def test_cross_entropy_equals_the_formula_and_its_gradient_is_what_was_said_less_what_is_true():
    logits = torch.tensor([[2.0, 0.0, -1.0], [0.0, 0.0, 0.0]], requires_grad=True)
    labels = torch.tensor([0, 2])
    loss = cross_entropy(logits, labels)
    by_hand = (-math.log(math.exp(2) / (math.exp(2) + 1 + math.exp(-1))) + math.log(3)) / 2
    assert math.isclose(loss.item(), by_hand, rel_tol=1e-6)
    loss.backward()
    said = torch.softmax(logits.detach(), 1)
    torch.testing.assert_close(logits.grad, (said - torch.eye(3)[labels]) / 2)


def test_the_temperature_undoes_what_made_odds_too_sure():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(20_000, 5, generator=generator) * 2
    labels = torch.multinomial(torch.softmax(logits, 1), 1, generator=generator)[:, 0]
    assert abs(best_temperature(3 * logits, labels) - 3) < 0.1
    sure, true = torch.softmax(3 * logits, 1), torch.softmax(logits, 1)
    assert calibration_error(true, labels) < 0.01
    assert calibration_error(sure, labels) > 0.1


def test_the_calibration_error_is_the_gap_in_each_bin():
    odds = torch.tensor([[0.9, 0.1], [0.9, 0.1], [0.35, 0.65], [0.35, 0.65]])
    # said 0.9, right half of the time; said 0.65, always right
    assert math.isclose(calibration_error(odds, torch.tensor([0, 1, 1, 1])), (0.4 + 0.35) / 2, abs_tol=1e-6)


def test_some_pictures_are_set_aside_where_there_are_many():
    learnt, aside = set_aside(10_000)
    assert len(aside) == 500 and sorted([*learnt.tolist(), *aside.tolist()]) == list(range(10_000))
    assert len(set_aside(200)[1]) == 0


def test_label_noise_exchanges_its_share_the_same_each_time():
    labels = torch.zeros(10_000, dtype=torch.long)
    found = exchanged(labels, 10, 0.5, seed=3)
    assert (
        0.42 < (found != 0).float().mean() < 0.48
    )  # half are exchanged, a tenth of these for what they were
    assert torch.equal(found, exchanged(labels, 10, 0.5, seed=3)) and torch.equal(
        exchanged(labels, 10, 0.0, 3), labels
    )


def test_augmentation_moves_and_keeps_the_range():
    pictures = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    middle = torch.full((4, DRAWS), 0.5)
    middle[:, 6] = 0
    torch.testing.assert_close(augment(pictures, middle), pictures, atol=1e-4, rtol=0)
    found = augment(pictures, torch.rand(4, DRAWS, generator=torch.Generator().manual_seed(1)))
    assert found.shape == pictures.shape and found.abs().max() <= 1 and not torch.equal(found, pictures)
