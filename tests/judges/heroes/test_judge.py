"""The judge of heroes: what its figures mean, that it looks at any model, and how often its weights are right."""

import json

import pytest
import torch

from aigc_demo.core.settings import Settings
from aigc_demo.data import heroes
from aigc_demo.data.material import open_material
from aigc_demo.families.diffusion import painter
from tests.checkpoints.painter import write_painter
from tests.data.layers import write_layers
from tests.judges.heroes import drawing, measure
from tests.judges.heroes.figures import difference, ratio, shares, wilson
from tests.judges.heroes.networks import Judge, load_judge

REAL = Settings().data_dir / "heroes"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """A data folder with heroes of drawn layers."""
    root = tmp_path_factory.mktemp("data")
    (root / "heroes").mkdir()
    heroes.prepare(write_layers(root / "source"), root / "heroes")
    (root / "heroes" / "source.json").write_text('{"name": "heroes"}', encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def material(data_dir):
    return open_material(data_dir / "heroes")


def test_a_share_is_in_its_interval_and_parts_of_one_picture_count_together():
    assert wilson(0, 0).count == 0
    share = wilson(90, 100)
    assert share.value == 0.9 and 0.82 < share.low < 0.84 and 0.94 < share.high < 0.95
    one_by_one = ratio(torch.tensor([1, 0] * 50), torch.ones(100))
    in_tens = ratio(torch.tensor([10, 0] * 5), torch.full((10,), 10))
    assert one_by_one.value == in_tens.value == 0.5
    assert in_tens.high - in_tens.low > 3 * (one_by_one.high - one_by_one.low)
    behind = difference(wilson(95, 100), wilson(90, 100))
    assert behind.low < 0 < behind.value < behind.high


def test_slots_are_counted_where_they_are_asked_for():
    asked = torch.tensor([[3, -1], [2, 5], [-1, 5], [0, 0]])
    found = torch.tensor([[3, 4], [2, 5], [-1, 1], [1, 0]])
    told = shares(found, asked, ["race", "head"])
    assert (told["race"].value, told["race"].count) == (2 / 3, 3)
    assert (told["head"].value, told["head"].count) == (2 / 3, 3)
    assert told["parts"].value == 4 / 6 and told["empty"].value == 1 / 2


def test_real_pictures_are_judged_as_real_ones(material):
    generator = torch.Generator().manual_seed(0)
    seen = material.sample(8, generator, held_out=False)
    drawn = measure.Drawn(seen, ["a"] * 8, material.compose(seen), material.compose(seen))
    judge = Judge([1 + len(slot.attributes) for slot in material.table.slots]).eval()
    told = measure.judged(judge, material, drawn)
    assert told["parts"] == told["real parts"]
    pictures, said = measure.nearest_seen(drawn, material, seed=0)
    assert pictures.shape == (8, 3, 32, 32) and all(0 <= one["slots that differ"] <= 11 for one in said)


def test_seen_heroes_wear_as_much_as_the_held_out_ones(material):
    heroes = measure.chosen(material, 60, 40, seed=2)
    held_out, seen = heroes["held out"], heroes["seen"]
    assert (len(held_out), len(seen), len(set(seen))) == (60, 40, 40)
    number = [sum(map(measure.parts, some[:40])) for some in (held_out, seen)]
    assert abs(number[0] - number[1]) <= 8  # of some 260


def test_any_model_of_the_protocol_draws_each_sentence(tmp_path):
    write_painter(tmp_path / "tiny")
    model = painter.OwnPainter(tmp_path / "tiny", "cpu")
    captions = ["a red robe", "一个女精灵", "a blue hat"]
    together = drawing.draw_each(model, captions, seed=3)
    assert together.shape == (3, 3, model.side, model.side) and together.dtype == torch.uint8
    alone = drawing.draw(model, captions[0], 2, seed=3)
    assert alone.shape == together[:2].shape
    again = drawing.draw(model, captions[0], 1, seed=3)
    assert (alone[:1].int() - again.int()).abs().max() <= 2  # but for rounding, however many are drawn


@pytest.mark.second  # five seconds of one core
def test_a_painter_is_measured_from_its_captions_to_the_table(material, data_dir, tmp_path):
    write_painter(tmp_path / "runs" / "tiny", side=32)
    settings = Settings(runs_dir=tmp_path / "runs", data_dir=data_dir, device="cpu", offline=True)
    figures = measure.measure("runs/tiny", settings, count=10, seed=0)
    json.dumps(figures)
    assert figures["held out"]["parts"]["value"] < 0.5  # of random weights
    assert figures["likeness"]["fd_ratio"] > 1 and len(figures["nearest"]) == 8
    told = measure.told(figures, material.slots)
    assert "at most 5" in told and "hand1" in told


def test_a_table_that_has_changed_since_is_refused(material):
    known = {"attributes": {slot.key: [a.words.en for a in slot.attributes] for slot in material.table.slots}}
    measure.same_table(material, known)
    known["attributes"]["race"] = known["attributes"]["race"][1:]
    with pytest.raises(SystemExit, match="train it anew"):
        measure.same_table(material, known)


def test_the_weights_here_are_those_of_the_table(material):
    judge, known = load_judge()
    measure.same_table(material, known)
    assert known["own_accuracy"]["parts"]["value"] >= 0.93
    attributes, features = judge.judge(material.compose(material.sample(4, torch.Generator())))
    assert attributes.shape == (4, 11) and features.isfinite().all()
    json.dumps(known, allow_nan=False)


@pytest.mark.skipif(not (REAL / "layers.safetensors").is_file(), reason="wants `aigc_demo data get heroes`")
def test_the_judge_is_right_about_real_heroes():
    material = open_material(REAL)
    fresh = material.sample(400, torch.Generator().manual_seed(5))
    attributes, _ = load_judge()[0].judge(material.compose(fresh))
    assert shares(attributes, material.labels(fresh), material.slots)["parts"].value >= 0.93
