"""Drawings as files, and by the command line."""

import json
from collections import deque

import numpy as np
import pytest
from PIL import Image

from aigc_demo import actions, provenance
from aigc_demo.__main__ import main
from aigc_demo.schemas import DrawRequest


def draw(request, cache):
    return deque(actions.draw(request, cache), maxlen=1).pop()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_drawing_can_be_made_again_from_its_file(offer, cache, tmp_path, suffix):
    offer("sd")
    result = draw(DrawRequest(model="tiny/sd", prompt="a cat", count=2, seed=7), cache)
    sheet = actions.write_drawing(result, tmp_path, suffix)
    found = provenance.read(sheet)
    assert found.ai_generated and found.recipe.task == "draw"
    assert found.recipe.request["num_inference_steps"] == 2 and found.recipe.request["width"] == 32
    assert Image.open(sheet).size == (2 * 32 + 2, 32)
    again = draw(DrawRequest.model_validate(found.recipe.request), cache)
    assert np.array_equal(again.pictures, result.pictures)


def test_each_picture_has_a_recipe_of_its_own(offer, cache, tmp_path):
    offer("sd")
    result = draw(DrawRequest(model="tiny/sd", prompt="a cat", count=2, seed=7), cache)
    for path, picture in zip(actions.write_drawings(result, tmp_path), result.pictures, strict=True):
        assert np.array_equal(np.asarray(Image.open(path)), picture)
        alone = draw(DrawRequest.model_validate(provenance.read(path).recipe.request), cache)
        assert np.array_equal(alone.pictures, picture[None])


def test_a_recipe_names_no_file_of_this_machine(offer, cache, tmp_path, square_photo, right_half):
    offer("sd")
    asked = {"image": square_photo, "mask": right_half, "prompt": "a cat"}
    path = actions.write_drawing(draw(DrawRequest(model="tiny/sd", **asked), cache), tmp_path)
    assert not {"image", "mask"} & set(provenance.read(path).recipe.request)


def test_the_command_line(offer, settings, tmp_path, monkeypatch, capsys):
    offer("sd")
    for name in ("weights_dir", "runs_dir", "data_dir", "outputs_dir"):
        monkeypatch.setenv(f"AIGC_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.setenv("AIGC_OFFLINE", "1")
    monkeypatch.setenv("AIGC_DEVICE", "cpu")
    words = ["draw", "--model", "tiny/sd", "--prompt", "a cat", "--count", "2", "--json"]
    assert main([*words, "--out", str(tmp_path / "cats.png")]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["files"] == [str(tmp_path / "cats.png")] and len(answer["seeds"]) == 2
    assert answer["request"]["num_inference_steps"] == 2 and "filter" in answer["note"]
    assert provenance.read(tmp_path / "cats.png").ai_generated
    assert main([*words, "--width", "33"]) == 2
    assert "multiples of 8" in capsys.readouterr().err
