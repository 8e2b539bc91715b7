"""Text-to-image by the real pipelines: from noise, from a picture, inside a mask; steps, stops, seeds, refusals."""

from collections import deque

import numpy as np
import pytest
from PIL import Image

from aigc_demo import actions
from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.schemas import DrawRequest
from tests.checkpoints import keep_card

PIPELINES = ["sd", "sdxl", "lcm", "flow", "klein"]


def draw(cache, **values):
    return deque(actions.draw(DrawRequest(**values), cache), maxlen=1).pop()


@pytest.mark.parametrize("name", PIPELINES)
def test_every_pipeline_draws_redraws_and_inpaints(name, offer, cache, square_photo, right_half):
    model = offer(name).id
    from_noise = draw(cache, model=model, prompt="a cat")
    side = from_noise.request.width
    assert from_noise.pictures.shape == (1, side, side, 3) and from_noise.step == from_noise.steps == 2
    assert np.array_equal(from_noise.pictures, draw(cache, model=model, prompt="a cat").pictures)
    assert not np.array_equal(from_noise.pictures, draw(cache, model=model, prompt="two dogs").pictures)
    assert not np.array_equal(from_noise.pictures, draw(cache, model=model, prompt="a cat", seed=1).pictures)
    asked = {"model": model, "prompt": "a cat", "image": square_photo, "strength": 1.0}
    redrawn = draw(cache, **asked)
    assert not np.array_equal(redrawn.pictures, from_noise.pictures)
    painted = draw(cache, **asked, mask=right_half)
    with Image.open(square_photo) as photo:
        original = np.asarray(photo.resize((side, side), Image.Resampling.LANCZOS))
    assert np.array_equal(painted.pictures[0][:, : side // 2 - 1], original[:, : side // 2 - 1])
    assert not np.array_equal(painted.pictures[0][:, side // 2 + 1 :], original[:, side // 2 + 1 :])


def test_every_step_is_told_and_looks_like_something(offer, cache):
    offer("sd")
    request = DrawRequest(model="tiny/sd", prompt="a cat", num_inference_steps=3, count=2)
    steps, shapes = [], set()
    for result in actions.draw(request, cache):
        steps.append(result.step)
        shapes.add(result.preview.shape)
        pictures = result.pictures
    assert steps == [1, 2, 3, 3, 4, 5, 6, 6]  # twice where a picture is finished
    assert shapes == {(1, 32, 32, 3), (2, 32, 32, 3)}
    assert pictures.shape == (2, 32, 32, 3) and not np.array_equal(*pictures)


def test_a_picture_is_the_same_however_many_are_asked_for(offer, cache):
    offer("lcm")  # draws noise at every step too
    three = draw(cache, model="tiny/lcm", prompt="owl", count=3)
    alone = draw(cache, model="tiny/lcm", prompt="owl", seed=three.seeds[2])
    assert np.array_equal(three.pictures[2], alone.pictures[0])
    assert not np.array_equal(three.pictures[0], three.pictures[1])


def test_stop_ends_inside_a_step_and_the_next_drawing_is_whole(offer, cache):
    offer("sd")
    before = draw(cache, model="tiny/sd", prompt="a cat").pictures
    polls, steps = 0, []

    def stop():
        nonlocal polls
        polls += 1
        return polls > 60

    with pytest.raises(Stopped):
        for result in actions.draw(
            DrawRequest(model="tiny/sd", prompt="a cat", num_inference_steps=500), cache, stop
        ):
            steps.append(result.step)
    assert polls == 61 and max(steps, default=0) < 10
    assert np.array_equal(before, draw(cache, model="tiny/sd", prompt="a cat").pictures)


def test_nobody_listens_any_more(offer, cache):
    import threading

    offer("sd")
    drawing = actions.draw(DrawRequest(model="tiny/sd", prompt="a cat", num_inference_steps=900), cache)
    assert next(drawing).step == 1
    drawing.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "stepwise"]
    assert draw(cache, model="tiny/sd", prompt="a cat").step == 2  # the device is free again


def test_guidance_negative_prompt_and_size_count(offer, cache):
    offer("sd")
    plain = draw(cache, model="tiny/sd", prompt="a cat", guidance_scale=1)
    assert plain.request.guidance_scale == 1
    for change in ({"guidance_scale": 9}, {"guidance_scale": 9, "negative_prompt": "dog"}):
        other = draw(cache, model="tiny/sd", prompt="a cat", **change)
        assert not np.array_equal(plain.pictures, other.pictures), change
        plain = other
    wide = draw(cache, model="tiny/sd", prompt="a cat", width=48, height=24)
    assert wide.pictures.shape == (1, 24, 48, 3)


def test_sizes_follow_the_picture(offer, cache, photo, tmp_path):
    offer("sd")
    result = draw(cache, model="tiny/sd", prompt="a cat", image=photo)
    # 40 x 32 at the area that the model knows
    assert (result.request.width, result.request.height) == (32, 32)
    result = draw(cache, model="tiny/sd", prompt="a cat", image=photo, width=40, height=32, strength=0.5)
    assert result.pictures.shape == (1, 32, 40, 3) and result.steps == 1
    Image.new("RGB", (400, 10)).save(tmp_path / "long.png")
    result = draw(cache, model="tiny/sd", prompt="a cat", image=str(tmp_path / "long.png"))
    assert (result.request.width, result.request.height) == (64, 16)


REFUSED = [
    ({"width": 33}, "multiples of 8"),
    ({"mask": "mask.png"}, "choose the picture too"),
    ({"adapter": "runs/none"}, "no adapter"),
    ({"count": 17}, "16 at most"),
    ({"image": "PHOTO", "mask": "MASK"}, "draw the mask on this picture"),
    ({"image": "PHOTO", "strength": 0.1}, "ask for 10 steps"),
]


@pytest.mark.parametrize(("values", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_what_cannot_be_drawn_is_said(values, reason, offer, cache, photo, right_half):
    offer("sd")
    paths = {"PHOTO": photo, "MASK": right_half}
    values = {name: paths.get(value, value) for name, value in values.items()}
    with pytest.raises(InputError, match=reason) as found:
        draw(cache, model="tiny/sd", prompt="a cat", **values)
    assert found.value.text.zh != found.value.text.en


def test_models_without_a_negative_prompt_say_so(offer, cache):
    with pytest.raises(InputError, match="takes no negative prompt"):
        draw(cache, model=offer("lcm").id, prompt="a cat", negative_prompt="dog")


def test_a_prompt_that_is_too_long_is_said(offer, cache):
    offer("sd")
    note = draw(cache, model="tiny/sd", prompt="a cat on a chair with a redder hat").note
    assert note.en.endswith("did not see: r hat") and note.zh.endswith("r hat")
    assert "did not see" not in draw(cache, model="tiny/sd", prompt="a cat").note.en


def test_a_safety_checker_is_used_where_there_is_one_and_missed_where_not(
    offer, cache, settings, checkpoints, card
):
    offer("sd")
    assert "without a filter" in draw(cache, model="tiny/sd", prompt="a cat").note.en
    folder = checkpoints("sd", safety=True)
    own = {"defaults": {"num_inference_steps": 2}}
    keep_card(settings, folder, "tiny/checked", "diffusion", "text_to_image", ("draw",), **own)
    checked = draw(cache, model="tiny/checked", prompt="a cat")
    assert checked.note is None and checked.pictures.max() > 0
    with cache.use(
        card("tiny/checked")
    ) as model:  # a concept that every picture is nearer to than its threshold
        model.pipe.safety_checker.concept_embeds_weights.data.fill_(-2)
    black = draw(cache, model="tiny/checked", prompt="a cat", count=2)
    signs = (black.pictures == (255, 193, 7)).all(axis=3).any(axis=(1, 2))
    assert signs.all() and "blacked out 2" in black.note.en  # never a black square without a word


def test_previews_by_the_tiny_autoencoder(offer, cache, settings, checkpoints):
    offer("sd")

    def first(**values):
        drawing = actions.draw(DrawRequest(model="tiny/sd", prompt="a cat", **values), cache)
        preview = next(drawing).preview
        drawing.close()
        return preview

    guessed = first()
    keep_card(settings, checkpoints("taesd"), "madebyollin/taesd", "vae", "autoencoder", ("latent",))
    decoded = first()
    assert decoded.shape == guessed.shape and not np.array_equal(decoded, guessed)
