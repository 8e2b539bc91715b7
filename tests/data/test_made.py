"""Data sets that the app makes itself: there offline, what their cards say, readable by what trains on them."""

import json

import pytest

from aigc_demo.core.errors import InputError
from aigc_demo.data import catalogue, get, images
from aigc_demo.data.pairs import read_pairs
from aigc_demo.data.poems import read_poems
from aigc_demo.data.shapes import SHAPES, draw
from aigc_demo.language.texts import read_texts

MADE = [card.id for card in catalogue().values() if not card.needs_network]


def test_shapes_are_the_same_for_a_seed_and_as_bright_as_their_class():
    pictures, labels = draw(40, seed=3)
    again, _ = draw(40, seed=3)
    assert pictures.shape == (40, 32, 32, 3) and (pictures == again).all()
    assert not (pictures == draw(40, seed=4)[0]).all()
    ink = (pictures.min(axis=3) < 250).mean(axis=(1, 2))
    means = {shape: ink[labels == index].mean() for index, shape in enumerate(SHAPES)}
    assert means["circle"] > means["square"] > means["triangle"] > means["star"]


@pytest.mark.parametrize("name", MADE)
def test_what_the_app_makes_is_there_offline_and_as_its_card_says(name, tmp_path, debug_models, monkeypatch):
    monkeypatch.setenv("AIGC_WEIGHTS_DIR", str(debug_models))  # a quick model in place of the shipped one
    card = catalogue()[name]
    assert card.ready(tmp_path) and not card.here(tmp_path)
    folder = get(name, tmp_path, offline=True)
    assert card.here(tmp_path)
    counts = json.loads((folder / "source.json").read_text("utf-8"))["counts"]
    if card.reads == "pictures":
        arrays = images.load(folder)
        assert len(arrays["train_images"]) == counts["train"] == card.counts["train"]
        assert set(arrays["train_labels"].tolist()) == set(range(len(card.classes["en"])))
    elif card.reads == "pairs":
        pairs = read_pairs(folder)
        assert sum(pair.held_out for pair in pairs) == counts["test"] and len(pairs) == sum(counts.values())
    elif (folder / "poems.jsonl").exists():
        assert len({poem.form for poem in read_poems(folder)}) == 2 and counts["poems"] >= 700
    else:
        texts = read_texts(folder)
        assert texts.language == card.language and texts.held_out and "```" not in "".join(texts.train)


def test_what_has_to_be_fetched_is_refused_offline_with_its_size_and_the_way_out(tmp_path):
    with pytest.raises(InputError, match=r"12 MB.*take shapes"):
        get("digits", tmp_path, offline=True)
    with pytest.raises(InputError, match=r"85 MB.*take lessons"):
        get("poems", tmp_path, offline=True)
