"""The rules are right about real tiles, and a model is measured from its captions to the sheet."""

import torch
from PIL import Image

from aigc_demo.families import diffusion
from tests.data.test_bestiary import material
from tests.judges.bestiary import Rules, coloured, measure, shares, write_sheet

__all__ = ["material"]


def test_real_pictures_are_what_they_are(material):
    beasts = coloured(material, 200, torch.Generator().manual_seed(0), held_out=True)
    pictures, asked = material.compose(beasts), material.labels(beasts)
    right = shares(Rules(material), pictures, asked)
    assert right["colour"].value > 0.95 and right["thing"].value > 0.9
    wrong = shares(Rules(material), pictures, asked.roll(1, 0))
    assert wrong["colour"].value < 0.4 and wrong["thing"].value < 0.2 and wrong["both"].value < 0.1


def test_a_painter_is_measured_and_its_sheet_drawn(material, tmp_path):
    diffusion.write_debug_model(tmp_path / "model", side=32)
    model = diffusion.load(tmp_path / "model", "cpu")
    found = measure(model, material, 20, seed=0)
    assert found.keys() == {"held out", "seen"} and found["seen"]["colour"].count == 20
    assert found["held out"]["both"].value < 0.3 < found["held out"]["real both"].value
    write_sheet(model, material, 0, tmp_path / "sheet.png")
    assert Image.open(tmp_path / "sheet.png").width > 500
    assert len((tmp_path / "sheet.txt").read_text("utf-8").splitlines()) == 24
