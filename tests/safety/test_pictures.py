"""Drawings with the real pipelines and a real, tiny classifier: blurred, refused, veiled until they were looked at."""

from collections import deque

import numpy as np
import pytest

from aigc_demo import actions, safety
from aigc_demo.core.errors import InputError
from aigc_demo.jobs import TrainRequest
from aigc_demo.jobs.checks import check_request
from aigc_demo.pretrained.inspect import inspect
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import DrawRequest, ImageRequest, WalkRequest
from tests.checkpoints import keep_card, vision
from tests.families.diffusion.conftest import checkpoints, offer  # noqa: F401  (fixtures)

CLASSIFIER = "Falconsai/nsfw_image_detection"


@pytest.fixture
def public(settings):
    """Settings of a public page, and its models."""
    return ModelCache(settings.model_copy(update={"mode": "share"}))


@pytest.fixture
def classifier(settings, tmp_path):
    """Fetch a classifier that takes every picture for unsafe, or for safe."""

    def fetch(unsafe, **more):
        folder = vision.write_vit(tmp_path / f"vit-{unsafe}", unsafe, **more)
        return keep_card(settings, folder, CLASSIFIER, "moderation", "picture_classifier", ("moderate",))

    return fetch


def draw(cache, **values):
    return list(actions.draw(DrawRequest(**{"model": "tiny/sd", "prompt": "a cat"} | values), cache))


def test_a_checkpoint_of_the_hub_is_recognised_and_one_of_other_labels_is_refused(
    classifier, cache, settings
):
    card = classifier(True)
    found = inspect(card.folder, CLASSIFIER)
    assert (found.family, found.kind, found.tasks) == ("moderation", "picture_classifier", ("moderate",))
    picture = np.random.default_rng(0).integers(0, 256, (3, 40, 50, 3), np.uint8)
    unsafe = cache.run(card, lambda model: model.unsafe_probabilities(picture))
    assert len(unsafe) == 3 and min(unsafe) > 0.99
    card = classifier(False, labels=("cat", "dog"))
    with pytest.raises(InputError, match="normal pictures"):
        ModelCache(settings).run(card, lambda model: model.unsafe_probabilities(picture))


def test_without_a_classifier_a_public_page_does_not_draw_with_hub_models(offer, public, cache, settings):  # noqa: F811
    offer("sd")
    with pytest.raises(InputError, match=r"hub get Falconsai.*--allow-unchecked-pictures"):
        draw(public)
    usual = draw(cache)[-1].pictures  # locally nothing stands in the way
    allowed = settings.model_copy(update={"mode": "share", "allow_unchecked_pictures": True})
    drawn = draw(ModelCache(allowed))[-1]
    assert np.array_equal(drawn.pictures, usual) and "without a filter" in drawn.note.en
    offer("ddpm")
    with pytest.raises(InputError, match="hub get"):
        actions.make_images(ImageRequest(model="tiny/ddpm", count=1), public)
    with pytest.raises(InputError, match="hub get"):
        actions.walk(WalkRequest(model="tiny/sd", from_prompt="a", to_prompt="b", frames=2), public)
    actions.make_images(ImageRequest(count=10), public)  # digits are nobody's concern


def test_no_training_shows_samples_that_no_filter_sees(offer, public):  # noqa: F811
    offer("sd")
    wanted = TrainRequest(family="diffusion", start="tiny/sd", data="shapes", name="mine")
    with pytest.raises(InputError, match="--allow-unchecked-pictures"):
        check_request(wanted, public.settings)
    for values in ({"allow_unchecked_pictures": True}, {"mode": "local"}):
        assert check_request(wanted, public.settings.model_copy(update=values)).method == "lora"


def test_unsafe_pictures_are_blurred_with_a_reason_and_never_black(offer, public, cache, classifier):  # noqa: F811
    offer("sd")
    classifier(True)
    usual = draw(cache, count=2)[-1].pictures
    seen = draw(public, count=2)
    for result in seen:
        for picture in result.preview if result.preview is not None else ():
            assert not any(np.array_equal(picture, one) for one in usual)
    last = seen[-1]
    assert last.pictures.shape == usual.shape and not np.array_equal(last.pictures, usual)
    assert last.pictures.mean() > 20 and "blurred" in last.note.en and "模糊" in last.note.zh
    assert "without a filter" not in last.note.en


def test_safe_pictures_pass_as_they_are_after_veiled_previews(offer, public, cache, classifier):  # noqa: F811
    offer("sd")
    classifier(False)
    usual = draw(cache)
    seen = draw(public)
    assert np.array_equal(seen[-1].pictures, usual[-1].pictures) and seen[-1].note is None
    assert seen[0].preview is not None and not np.array_equal(seen[0].preview, usual[0].preview)


def test_a_walk_and_class_pictures_are_looked_at_too(offer, public, cache, classifier):  # noqa: F811
    offer("sd")
    offer("ddpm")
    classifier(True)
    asked = WalkRequest(model="tiny/sd", from_prompt="a", to_prompt="b", frames=2, there_and_back=False)
    film = actions.walk(asked, public)
    assert len(film.frames) == 2 and "blurred" in film.note.en
    made = actions.make_images(ImageRequest(model="tiny/ddpm", count=1, num_inference_steps=1), public)
    assert "blurred" in made.note.en


def test_a_filter_that_breaks_lets_nothing_through(offer, public, classifier):  # noqa: F811
    offer("sd")
    card = classifier(False)
    (card.folder / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(InputError, match="could not be checked"):
        deque(actions.draw(DrawRequest(model="tiny/sd", prompt="a cat"), public), maxlen=0)


def test_a_blurred_picture_keeps_nothing_but_a_few_colours():
    fine = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    veiled = safety.veiled(fine[None])[0]
    assert np.abs(np.diff(veiled.astype(int), axis=0)).max() <= 3  # nothing sharp is left
    cautioned = safety.cautioned(fine)
    assert cautioned.shape == fine.shape and (cautioned == (255, 193, 7)).all(axis=2).mean() > 0.03
    assert safety.cautioned(fine[:8, :8, 0]).shape == (8, 8)
