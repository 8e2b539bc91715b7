"""The same request gives the same result, and what cannot be served is said before anything is computed."""

import itertools
import json

import numpy as np
import pytest

from aigc_demo import actions, provenance
from aigc_demo.actions import make_images, reconstruct, resolve_labels, walk, write_text
from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.core.stopping import never
from aigc_demo.core.words import NO_TEXT
from aigc_demo.models.latents import picture_seed
from aigc_demo.runtime.registry import find_card
from aigc_demo.schemas import (
    ArrayRequest,
    GridRequest,
    ImageRequest,
    ReconstructRequest,
    TextRequest,
    WalkRequest,
    check,
)

CLASSES = {"en": ["T-shirt", "Sneaker", "Bag"], "zh": ["T恤", "运动鞋", "包"]}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("all", [0, 1, 2]),
        ("", [0, 1, 2]),
        ("全部", [0, 1, 2]),
        ("2", [2]),
        ("bag, T-SHIRT", [2, 0]),
        ("运动鞋，包", [1, 2]),
        (" 1 ,1, Sneaker,", [1]),
    ],
)
def test_classes_by_number_or_name(text, wanted):
    assert resolve_labels(text, CLASSES) == wanted


@pytest.mark.parametrize("text", ["3", "-1", "shoe", "1.0", "👟", "0;1", "all,1", "x" * 200])
def test_an_unknown_class_is_a_sentence_with_the_choices(text):
    with pytest.raises(InputError) as caught:
        resolve_labels(text, CLASSES)
    assert "1 Sneaker" in caught.value.text.en and "1 运动鞋" in caught.value.text.zh
    assert len(caught.value.text.en) < 200


def test_the_same_request_gives_the_same_pictures(cache):
    request = ImageRequest(count=5, seed=9)
    first, second = make_images(request, cache), make_images(request, cache)
    assert np.array_equal(first.pictures, second.pictures)
    assert first.pictures.shape == (5, 28, 28) and first.pictures.dtype == np.uint8
    assert first.labels == [0, 1, 2, 3, 4] and first.seeds == [picture_seed(9, i) for i in range(5)]
    assert len(first.scores) == len(first.percentiles) == 5 and all(0 <= p <= 1 for p in first.percentiles)
    assert not np.array_equal(first.pictures, make_images(ImageRequest(count=5, seed=10), cache).pictures)


def test_each_picture_can_be_asked_for_alone(cache):
    many = make_images(ImageRequest(count=20, label="3,7", seed=5), cache)
    for index in (0, 1, 13):
        alone = make_images(
            ImageRequest(count=1, label=str(many.labels[index]), seed=many.seeds[index]), cache
        )
        assert np.array_equal(alone.pictures[0], many.pictures[index])


def test_classes_take_turns(cache):
    labels = make_images(ImageRequest(count=10, label="7,1,4"), cache).labels
    assert labels == [7, 1, 4, 7, 1, 4, 7, 1, 4, 7]


def test_pictures_by_the_batch_are_the_same_pictures(cache, monkeypatch):
    request = ArrayRequest(count=23)
    whole = make_images(request, cache)
    monkeypatch.setattr(actions.pictures, "BATCH", 7)
    parts = make_images(request, cache)
    assert np.array_equal(whole.pictures, parts.pictures) and whole.labels == parts.labels
    assert len(parts.scores) == 23


def test_stop_ends_a_long_request(cache, monkeypatch):
    monkeypatch.setattr(actions.pictures, "BATCH", 2)
    asked = itertools.count()
    with pytest.raises(Stopped):
        make_images(ArrayRequest(count=100_000), cache, stop=lambda: next(asked) > 2)
    assert next(asked) < 10
    make_images(ImageRequest(count=1), cache)  # the device is free again


def test_the_prior_and_truncation_of_a_vae_matter(cache):
    def draw(**values):
        return make_images(ImageRequest(model="vae-digits", count=4, **values), cache).pictures

    assert make_images(ImageRequest(model="vae-digits", count=2), cache).scores is None
    assert not np.array_equal(draw(), draw(prior="normal"))


@pytest.mark.parametrize("task", ["image", "walk", "grid"])
def test_an_unknown_class_in_a_request(cache, task):
    verb, request = {
        "image": (make_images, ImageRequest(label="eleven")),
        "walk": (walk, WalkRequest(from_label="eleven")),
        "grid": (actions.grid, GridRequest(labels=["0", "1", "2", "eleven"])),
    }[task]
    with pytest.raises(InputError, match="no class eleven"):
        verb(request, cache)


def test_a_model_that_does_another_thing(cache):
    with pytest.raises(InputError, match="choose one of vae-digits"):
        reconstruct(ReconstructRequest(model="gan-digits", image="x.png"), cache)
    with pytest.raises(InputError, match="choose one of gpt-austen, gpt-poems"):
        next(write_text(TextRequest(model="gan-digits"), cache))


def test_a_walk_begins_at_a_and_ends_at_b(cache):
    def walked(**values):
        return walk(check(WalkRequest, {"model": "gan-digits", "frames": 5, **values}), cache)

    film = walked(there_and_back=False)
    assert film.frames.shape == (5, 28, 28) and film.times == [0, 0.25, 0.5, 0.75, 1]
    back = walked(from_seed=2, to_seed=1, from_label="7", to_label="2", there_and_back=False)
    assert np.abs(film.frames[0].astype(int) - back.frames[-1]).max() <= 1  # float32 of two directions
    loop = walked(there_and_back=True)
    assert len(loop.frames) == 8 and np.array_equal(loop.frames[1], loop.frames[7])
    start = make_images(ImageRequest(count=1, seed=1, label="2"), cache).pictures[0]
    assert np.abs(start.astype(int) - film.frames[0]).max() <= 1


def test_an_end_point_has_one_class(cache):
    with pytest.raises(InputError, match="one class, not 2"):
        walk(WalkRequest(from_label="1,2"), cache)


def test_a_grid_has_its_corners(cache):
    result = actions.grid(GridRequest(model="gan-digits", size=3), cache)
    assert result.pictures.shape == (9, 28, 28)
    for cell, seed, label in ((0, 1, "0"), (2, 2, "1"), (6, 3, "6"), (8, 4, "7")):
        corner = make_images(ImageRequest(count=1, seed=seed, label=label), cache).pictures[0]
        assert np.abs(corner.astype(int) - result.pictures[cell]).max() <= 1


def test_a_picture_is_encoded_and_decoded(cache, seven):
    request = ReconstructRequest(image=seven, noise=0.3, neighbours=4, seed=1)
    first, second = reconstruct(request, cache), reconstruct(request, cache)
    assert first.original.shape == first.damaged.shape == first.reconstruction.shape == (28, 28)
    assert np.array_equal(first.damaged, second.damaged) and not np.array_equal(first.damaged, first.original)
    assert len(first.mean) == len(first.deviation) and all(d > 0 for d in first.deviation)
    assert first.neighbours.shape == (4, 28, 28) and first.distances == sorted(first.distances)
    assert np.array_equal(reconstruct(ReconstructRequest(image=seven), cache).damaged, first.original)


def test_what_is_known_of_a_damaged_picture_stays_in_its_repair(cache, seven):
    holed = reconstruct(ReconstructRequest(image=seven, damage="hole", seed=3), cache)
    outside = holed.damaged == holed.original  # a hole is grey, which no whole row of a digit is
    assert 0.65 < outside.mean() < 0.95
    assert np.array_equal(holed.reconstruction[outside], holed.original[outside])
    assert holed.reconstruction_decibels != holed.damaged_decibels and holed.note == NO_TEXT
    other = reconstruct(ReconstructRequest(image=seven, damage="hole", seed=4), cache)
    assert not np.array_equal(other.damaged, holed.damaged)
    halved = reconstruct(ReconstructRequest(image=seven, damage="halved"), cache)
    means = [part.reshape(14, 2, 14, 2).mean((1, 3)) for part in (halved.original, halved.reconstruction)]
    plain = reconstruct(ReconstructRequest(image=seven), cache)
    blind = plain.reconstruction.reshape(14, 2, 14, 2).mean((1, 3))
    assert np.abs(means[0] - means[1]).mean() < 0.3 * np.abs(means[0] - blind).mean()
    assert plain.damaged_decibels == 100
    assert halved.facts()["decibels"]["damaged"] == halved.damaged_decibels < 100


def test_a_model_that_has_not_learnt_a_repair_says_so(cache, seven):
    folder = find_card("vae-digits", cache.settings, "reconstruct").folder
    config = json.loads((folder / "config.json").read_text("utf-8"))
    with cache.use(find_card("vae-digits", cache.settings, "reconstruct")) as model:
        learnt, model.repairs = model.repairs, ()
    note = reconstruct(ReconstructRequest(image=seven, damage="halved"), cache).note
    assert tuple(config["repairs"]) == learnt == ("halved", "hole")
    assert "not learnt to repair" in note.en and "没有学过" in note.zh


def test_a_walk_from_a_picture_needs_an_encoder(cache, seven):
    film = walk(WalkRequest(model="vae-digits", from_image=seven, frames=3), cache)
    assert len(film.frames) == 4
    with pytest.raises(InputError, match="no encoder"):
        walk(WalkRequest(model="gan-digits", from_image=seven), cache)
    with pytest.raises(InputError, match=r"nowhere\.png"):
        walk(WalkRequest(model="vae-digits", from_image="nowhere.png"), cache)


def write(request, cache, stop=never):
    *_, result = write_text(request, cache, stop)
    return result


def test_texts_repeat_and_samples_differ(cache):
    request = TextRequest(prompt="春望", count=3, max_new_tokens=12, seed=4, temperature=1.5)
    first, second = write(request, cache), write(request, cache)
    texts = [sample.text for sample in first.samples]
    assert texts == [sample.text for sample in second.samples]
    assert len(set(texts)) > 1 and all(len(sample.tokens) <= 12 for sample in first.samples)
    token = first.samples[0].tokens[0]
    assert 0 < token.probability <= 1 and len(token.alternatives) > 1
    odds = [probability for _, probability in token.alternatives]
    assert odds == sorted(odds, reverse=True) and sum(odds) <= 1.0001


def test_stop_keeps_what_was_written(cache):
    results = []
    for result in write_text(
        TextRequest(prompt="春望", max_new_tokens=64, form="qilu"), cache, lambda: len(results) >= 3
    ):
        results.append(len(result.samples[0].tokens))
    assert results[:3] == [1, 2, 3] and len(results) <= 5
    make_images(ImageRequest(count=1), cache)


def test_a_stream_that_is_abandoned_frees_the_device(cache):
    stream = write_text(TextRequest(prompt="春望"), cache)
    next(stream)
    stream.close()
    make_images(ImageRequest(count=1), cache)


def test_an_acrostic_begins_its_lines_as_asked(cache):
    result = write(TextRequest(heads="生日快乐", form="wujue", count=2), cache)
    for sample in result.samples:
        lines = [line for line in sample.text.replace("。", "，").split("，") if line]
        assert [line[0] for line in lines] == list("生日快乐") and {len(line) for line in lines} == {5}


def test_prose_knows_no_forms_and_no_heads(cache):
    result = write(TextRequest(model="gpt-austen", prompt="It is", heads="生日", max_new_tokens=5), cache)
    assert len(result.samples[0].tokens) <= 5


def test_what_the_model_cannot_read_is_said(cache):
    with pytest.raises(InputError) as caught:
        write(TextRequest(prompt="🌸🌸🌸"), cache)
    assert caught.value.text.en.endswith(".") and caught.value.text.zh.endswith("。")
    result = write(TextRequest(prompt="春🌸望", max_new_tokens=4), cache)
    assert "🌸" in result.note.en and "🌸" in result.note.zh


def test_every_result_leaves_as_a_labelled_file_with_its_recipe(cache, tmp_path, seven):
    image = make_images(ImageRequest(count=3), cache)
    film = walk(WalkRequest(model="gan-digits", frames=3), cache)
    text = write(TextRequest(prompt="春望", max_new_tokens=6), cache)
    again = reconstruct(ReconstructRequest(image=seven), cache)
    square = actions.grid(GridRequest(model="gan-digits", size=2), cache)
    paths = [actions.write_sheet(image, tmp_path, suffix) for suffix in (".png", ".jpg", ".webp")]
    paths += [*actions.write_pictures(image, tmp_path), actions.write_sheet(square, tmp_path)]
    paths += [actions.write_film(film, tmp_path, suffix) for suffix in (".gif", ".mp4")]
    paths += [actions.write_strip(film, tmp_path), actions.write_reconstruction(again, tmp_path)]
    paths += [actions.write_texts(text, tmp_path, suffix) for suffix in (".txt", ".md", ".json")]
    for path in paths:
        found = provenance.read(path)
        assert found.ai_generated and not found.notes, path
        assert len(found.recipe.weights) == 16
    by_task = {provenance.read(path).recipe.task: provenance.read(path).recipe.request for path in paths}
    assert check(ImageRequest, by_task["image"]) == image.request
    assert check(WalkRequest, by_task["walk"]) == film.request
    assert check(TextRequest, by_task["text"]) == text.request
    assert check(GridRequest, by_task["grid"]) == square.request
    assert "image" not in by_task["reconstruct"]  # a path of this machine means nothing elsewhere
