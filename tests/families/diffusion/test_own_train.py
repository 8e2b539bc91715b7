"""Training a painter from nothing: what is learnt, resumed, refused and written."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from aigc_demo.core.errors import InputError
from aigc_demo.data import shapes
from aigc_demo.families import diffusion
from aigc_demo.families.diffusion import train as learning
from aigc_demo.families.diffusion.diagnoses import CHART
from aigc_demo.families.diffusion.evaluate import evaluate, samples
from aigc_demo.families.diffusion.networks import Painter, PainterConfig
from aigc_demo.families.diffusion.train import (
    SIZES,
    config_for,
    count_parameters,
    make_learner,
    pieces,
)
from aigc_demo.models.checkpoints import read_weights
from aigc_demo.training import TrainPlan, make_accelerator, train
from aigc_demo.training.doctor import Doctor


def write_shapes(folder, side=16, held_out=16):
    """Coloured shapes with their classes for captions."""
    folder.mkdir(parents=True)
    arrays = {}
    for split, count, seed in (("train", 160, 0), ("test", held_out, 1)):
        pictures, labels = shapes.draw(count, seed, side)
        arrays |= {f"{split}_images": torch.from_numpy(pictures), f"{split}_labels": torch.from_numpy(labels)}
    save_file(arrays, folder / "images.safetensors")
    names = {"en": list(shapes.SHAPES), "zh": ["圆", "方", "三角", "星"]}
    (folder / "source.json").write_text(json.dumps({"name": "mine", "classes": names}, ensure_ascii=False))
    return folder


@pytest.fixture(autouse=True)
def few_looked_at(monkeypatch):
    """A run of a few steps looks at itself after each, as a long one does twenty times: at fewer pictures here."""
    monkeypatch.setattr(learning, "VALIDATED", 16)
    monkeypatch.setattr(learning, "SAMPLES", 16)


@pytest.fixture(scope="module")
def coloured(tmp_path_factory):
    return write_shapes(tmp_path_factory.mktemp("data") / "shapes")


def run(plan):
    """Train to the end; the lines of the log."""
    return list(train(make_learner(plan, make_accelerator("cpu")), plan))


def test_resuming_gives_the_same_bits(coloured, tmp_path):
    plan = TrainPlan(coloured, tmp_path / "whole", steps=3, seed=7, save_every=2, batch_size=8)
    run(plan)
    parts = replace(plan, run=tmp_path / "parts")
    for progress in train(make_learner(parts, make_accelerator("cpu")), parts):
        if progress.step == 1:
            (parts.run / "STOP").touch()
    assert progress.step == 2 and run(parts)[-1].step == 3
    whole, resumed = read_weights(plan.run), read_weights(parts.run)
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_run_is_a_model_of_its_data(coloured, tmp_path):
    plan = TrainPlan(coloured, tmp_path / "mine", steps=2, save_every=2, batch_size=8)
    last = run(plan)[-1].figures
    assert {"held_out_loss", "other_words_loss", "colour_shift", "train_loss", "loss"} <= last.keys()
    assert {f"held_out_range_{place}" for place in (1, 2, 3, 4)} <= last.keys()
    painter = diffusion.load(plan.run, "cpu")
    assert painter.side == 16 and painter.unknown("a red star 三角") == ["a", "red"]
    assert painter.ground == (255, 255, 255) or painter.ground is None
    figures = evaluate(plan.run, coloured, "cpu")
    assert figures["held_out_pictures"] == 16 and 0 <= figures["recall"] <= 1 and figures["fd_ratio"] > 0


def test_a_model_is_gone_on_with_at_its_own_size_alone(coloured, tmp_path):
    diffusion.write_debug_model(tmp_path / "start")
    learner = make_learner(
        TrainPlan(coloured, tmp_path / "run", start=tmp_path / "start"), make_accelerator("cpu")
    )
    assert torch.equal(learner.network.enter.weight.half(), read_weights(tmp_path / "start")["enter.weight"])
    diffusion.write_debug_model(tmp_path / "larger", side=32)
    with pytest.raises(InputError) as refusal:
        make_learner(
            TrainPlan(coloured, tmp_path / "run", start=tmp_path / "larger"), make_accelerator("cpu")
        )
    assert "32" in refusal.value.text.en and "32" in refusal.value.text.zh


def test_a_plan_that_cannot_be_is_a_sentence_in_both_languages(tmp_path, coloured):
    frozen = TrainPlan(coloured, tmp_path / "run", frozen_layers=1)
    for ask in (lambda: make_learner(frozen, make_accelerator("cpu")), lambda: config_for("base", 30, 100)):
        with pytest.raises(InputError) as refusal:
            ask()
        assert refusal.value.text.en.endswith(".") and refusal.value.text.zh.endswith("。")


def test_sizes_keep_below_their_limits(tmp_path):
    counts = [count_parameters(size) for size in SIZES]
    assert counts == sorted(counts) and counts[-1] <= 10_000_000
    assert 2 * count_parameters("base") < 20_000_000  # bytes in half precision


@pytest.mark.parametrize("side", [16, 20, 28, 36, 64])
def test_every_side_comes_out_as_it_went_in(side):
    config = PainterConfig(
        side, 10, fine=16, coarse=16, blocks=1, text_width=16, text_layers=1, heads=2, embedding=16
    )
    network = Painter(config)
    words = network.text(torch.tensor([[2, 3, 0], [1, 0, 0]]))
    assert network(torch.randn(2, 3, side, side), torch.rand(2), words).shape == (2, 3, side, side)


def test_padding_changes_nothing():
    config = PainterConfig(
        16, 10, fine=16, coarse=16, blocks=1, text_width=16, text_layers=2, heads=2, embedding=16
    )
    torch.manual_seed(0)
    network = Painter(config)
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.2)
    x, t = torch.randn(1, 3, 16, 16), torch.rand(1)
    short, long = (network.text(torch.tensor([ids])) for ids in ([2, 3], [2, 3, 0, 0, 0]))
    assert torch.allclose(network(x, t, short), network(x, t, long), atol=1e-4)


def test_two_shares_of_a_batch_teach_what_the_whole_does(coloured, tmp_path):
    plan = TrainPlan(coloured, tmp_path, batch_size=16, seed=3)
    accelerators = [make_accelerator("cpu") for _ in range(2)]

    class Rank:
        """One of two processes that stands where the real one would: it hears of its place alone."""

        num_processes, device, mixed_precision = 2, torch.device("cpu"), "no"

        def __init__(self, rank):
            self.process_index = rank

    whole = make_learner(plan, accelerators[0])
    whole.working = whole.network
    shares = [make_learner(replace(plan, batch_size=8), Rank(rank)) for rank in range(2)]
    losses = []
    for learner in (whole, *shares):
        pictures, ids, times, noise = learner.batch()
        losses.append(learner.losses(learner.network, pictures, ids, times, noise))
    assert torch.allclose(losses[0], torch.cat(losses[1:]), rtol=1e-4)


def test_pieces_hold_every_row_once_the_short_captions_first():
    ids = torch.tensor([[2, 2, 2], [2, 0, 0], [2, 2, 0], [1, 0, 0]])
    assert [piece.tolist() for piece in pieces(ids, 2)] == [[1, 3], [2, 0]]


def test_the_doctor_names_ignored_captions_and_shifted_colours():
    sound = {
        "loss": 0.3,
        "train_loss": 0.3,
        "held_out_loss": 0.3,
        "other_words_loss": 0.4,
        "colour_shift": 4.0,
    }
    for wrong, name in (
        ({"other_words_loss": 0.3003}, "captions_ignored"),
        ({"colour_shift": 50.0}, "colours_shifted"),
    ):
        log, found = [], []
        doctor = Doctor(CHART)
        for step in range(1, 15):
            log.append({"step": step, **sound, **wrong})
            found += doctor(log)
        assert [event["name"] for event in found] == [name]
        assert not any(
            Doctor(CHART)([{"step": step, **sound} for step in range(1, count)]) for count in range(2, 15)
        )


@pytest.mark.training
def test_a_minute_teaches_shapes_by_their_names(tmp_path):
    data = write_shapes(tmp_path / "shapes", 32)
    plan = TrainPlan(data, tmp_path / "run", steps=400, save_every=400)
    last = run(plan)[-1].figures
    assert last["other_words_loss"] > 1.1 * last["held_out_loss"] and last["held_out_loss"] < 0.35
    painter = diffusion.load(plan.run, "cpu")
    drawn = samples(painter, ["circle"] * 8 + ["star"] * 8).float()
    covered = ((255 - drawn).amax(1) > 60).float().mean((1, 2))  # a star covers less of its circle
    assert covered[:8].mean() > 1.3 * covered[8:].mean()
