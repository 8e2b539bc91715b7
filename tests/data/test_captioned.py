"""Finite sets as material: captions as written, classes in both languages, and what cannot be learnt from."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from aigc_demo.core.errors import InputError
from aigc_demo.data import get
from aigc_demo.data.images import keep
from aigc_demo.data.imports import ImportRequest, import_files
from aigc_demo.data.material import open_material


def write_set(folder, train, classes=("all", "全部"), captions=None, test=2, side=32, colour=True):
    """A prepared set of plain pictures on white, as an import of the app leaves it."""
    folder.mkdir(exist_ok=True)
    shape = (side, side, 3) if colour else (side, side)
    arrays = {}
    for split, count in (("train", train), ("test", test)):
        pictures = torch.full((count, *shape), 255, dtype=torch.uint8)
        for i in range(count):
            pictures[i, 4:-4, 4:-4] = 10 * i
        arrays |= {f"{split}_images": pictures, f"{split}_labels": torch.zeros(count, dtype=torch.uint8)}
    keep(arrays, folder)
    names = {"en": [classes[0]], "zh": [classes[1]]}
    (folder / "source.json").write_text(json.dumps({"name": "mine", "classes": names}), "utf-8")
    if captions:
        (folder / "captions.json").write_text(json.dumps(captions), "utf-8")
    return folder


def test_own_captions_stay_with_their_pictures(tmp_path):
    told = {"train": [f"square {i}" for i in range(6)], "test": ["square x", ""]}
    material = open_material(write_set(tmp_path / "mine", 6, captions=told))
    batch = material.draw(32, torch.Generator().manual_seed(0))
    assert batch.pictures.shape == (32, 3, 32, 32)
    for picture, caption in zip(batch.pictures, batch.captions, strict=True):
        assert caption == f"square {int(picture[0, 16, 16]) // 10}"
    assert material.held_out(9).captions == ["square x", ""]
    assert material.ground == (255, 255, 255)
    assert material.words == sorted({"square", *"012345"})


def test_classes_are_captions_in_both_languages(tmp_path):
    material = open_material(get("shapes", tmp_path, offline=True))
    batch = material.draw(200, torch.Generator().manual_seed(0))
    assert set(batch.captions) == {"circle", "square", "triangle", "star", "圆", "方块", "三角", "星"}
    assert {phrase.en for phrase in material.phrases.slots[0].phrases} == {
        "circle",
        "square",
        "triangle",
        "star",
    }
    assert torch.equal(batch.pictures, material.draw(200, torch.Generator().manual_seed(0)).pictures)


@pytest.mark.parametrize(("side", "colour", "wanted"), [(28, False, 28), (128, True, 64)])
def test_grey_and_large_pictures_are_made_to_fit(tmp_path, side, colour, wanted):
    folder = write_set(tmp_path / "mine", 5, ("cat", "猫"), side=side, colour=colour)
    material = open_material(folder)
    assert material.side == wanted
    assert material.draw(3, torch.Generator()).pictures.shape == (3, 3, wanted, wanted)


def test_pictures_brought_by_their_owner_are_material_as_they_come_out_of_the_import(tmp_path):
    source = tmp_path / "album"
    source.mkdir()
    random = np.random.default_rng(0)
    for i in range(8):
        Image.fromarray(random.integers(0, 255, (40, 40, 3), dtype=np.uint8)).save(source / f"{i}.png")
        (source / f"{i}.txt").write_text(f"第 {i} 幅画", "utf-8")
    import_files(ImportRequest(name="mine", consent=True, side=32), [source], tmp_path)
    material = open_material(tmp_path / "mine")
    assert material.side == 32 and {"第", "幅", "画"} <= set(material.words)
    assert len({*material.draw(64, torch.Generator()).captions, *material.held_out(8).captions}) == 8
    assert material.ground is None


def test_without_words_or_with_too_few_pictures_there_is_nothing_to_learn(tmp_path):
    with pytest.raises(InputError, match="caption or a class"):
        open_material(write_set(tmp_path / "mute", 6))
    with pytest.raises(InputError, match="3 pictures"):
        open_material(write_set(tmp_path / "few", 3, ("cat", "猫")))
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "texts.jsonl").write_text("", "utf-8")
    with pytest.raises(InputError, match="no pictures"):
        open_material(tmp_path / "texts")
