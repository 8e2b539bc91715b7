"""Every kind of result in every kind of file, read back: label, recipe, pictures, words."""

import json
import os
import zipfile

import numpy as np
import pytest
from PIL import Image, ImageDraw

from aigc_demo import actions, provenance
from aigc_demo.schemas import GridRequest, ImageRequest, ReconstructRequest, TextRequest, WalkRequest


def recipe(path):
    """The recipe of a file, which must carry the label."""
    found = provenance.read(path)
    assert found.ai_generated and found.label.Label == "1", path.name
    return found.recipe


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_sheet_keeps_its_recipe_in_every_format(cache, tmp_path, suffix):
    request = ImageRequest(label="1,2", count=6, seed=9, truncation_psi=0.5)
    result = actions.make_images(request, cache)
    path = actions.write_sheet(result, tmp_path, suffix)
    assert recipe(path).request == request.model_dump()
    assert recipe(path).weights == result.card.weights_hash()
    with Image.open(path) as sheet:
        assert sheet.size == (2 * 112 + 2, 3 * 112 + 2 * 2)  # a column a class


def test_the_archive_holds_every_picture_pixel_for_pixel(cache, tmp_path):
    result = actions.make_images(ImageRequest(count=5), cache)
    with zipfile.ZipFile(actions.write_archive(result, tmp_path)) as archive:
        archive.extractall(tmp_path / "all")
    paths = sorted((tmp_path / "all").iterdir())
    assert len(paths) == 5 and not list(tmp_path.glob("*.png"))
    for path, picture in zip(paths, result.pictures, strict=True):
        assert np.array_equal(np.asarray(Image.open(path)), picture)
        assert recipe(path).task == "image"


def test_each_class_has_its_columns(cache):
    for label, count, columns in (
        ("all", 40, 10),
        ("7", 32, 8),
        ("1,2,3", 12, 3),
        ("all", 4, 4),
        ("7", 1, 1),
    ):
        result = actions.make_images(ImageRequest(label=label, count=count), cache)
        assert actions.columns_for(result) == columns, label


@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
def test_a_film_and_its_strip(cache, tmp_path, suffix):
    result = actions.walk(WalkRequest(frames=4, from_seed=3), cache)
    assert recipe(actions.write_film(result, tmp_path, suffix)).request["from_seed"] == 3
    assert recipe(actions.write_strip(result, tmp_path)).task == "walk"


def test_a_grid_and_a_reconstruction(cache, tmp_path):
    assert (
        recipe(actions.write_sheet(actions.grid(GridRequest(size=3), cache), tmp_path)).request["size"] == 3
    )
    picture = Image.new("L", (80, 80), 255)
    ImageDraw.Draw(picture).line([(20, 20), (60, 20), (35, 65)], fill=0, width=8)
    picture.save(tmp_path / "mine.png")
    result = actions.reconstruct(ReconstructRequest(image=str(tmp_path / "mine.png"), noise=0.3), cache)
    written = recipe(actions.write_reconstruction(result, tmp_path))
    assert written.request["noise"] == 0.3 and "image" not in written.request  # no path of this machine


@pytest.mark.parametrize("suffix", [".txt", ".md", ".json"])
def test_texts_stand_under_their_title(cache, tmp_path, suffix):
    *_, result = actions.write_text(
        TextRequest(prompt="春望", form="wujue", count=2, max_new_tokens=9), cache
    )
    path = actions.write_texts(result, tmp_path, suffix)
    assert recipe(path).request["prompt"] == "春望"
    words = path.read_text("utf-8")
    words = json.loads(words)["text"] if suffix == ".json" else words
    assert words.index("春望") < words.index(result.full_texts()[1])


def test_an_opening_belongs_to_its_text(cache):
    *_, result = actions.write_text(TextRequest(prompt="春眠", prompt_is="opening", max_new_tokens=5), cache)
    assert result.full_texts()[0].startswith("春眠")


def test_old_files_of_ours_are_swept_and_nothing_else(cache, tmp_path):
    old, new = (
        actions.write_sheet(actions.make_images(ImageRequest(count=1), cache), tmp_path) for _ in range(2)
    )
    foreign = tmp_path / "holiday-abcdef.doc"
    foreign.write_text("mine")
    for path in (old, foreign):
        os.utime(path, (0, 0))
    actions.sweep(tmp_path)
    assert not old.exists() and new.exists() and foreign.exists()
