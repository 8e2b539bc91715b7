"""A painter as the app asks it: its promises of models/protocols.py, on a tiny network of random weights."""

import numpy as np
import pytest
import torch
from PIL import Image

from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.families import diffusion
from aigc_demo.families.diffusion.painter import mixed
from aigc_demo.models.protocols import TextToImageModel, WordReader, WordWatcher
from aigc_demo.schemas import DrawRequest
from tests.checkpoints.painter import write_painter

SIDE = 16


@pytest.fixture(scope="module")
def painter(tmp_path_factory):
    return diffusion.load(write_painter(tmp_path_factory.mktemp("painter") / "draw-squares"), "cpu")


def asked(painter, **fields):
    """A filled request."""
    picture = (20, 30) if fields.pop("picture", False) else None
    given = {"model": "draw-squares", "prompt": "a red square", "num_inference_steps": 4, **fields}
    return painter.fill(DrawRequest(**given), picture)


def draw(painter, request, seeds=(0,), **more):
    """The pictures (n, H, W, 3) of some seeds."""
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    conditions = painter.conditions(request.prompt, request.negative_prompt)
    drawn = painter.draw(request, conditions, generators, **more)
    return torch.stack([one.picture for one in drawn])


def test_it_keeps_the_protocols(painter):
    assert isinstance(painter, TextToImageModel)
    assert isinstance(painter, WordReader) and isinstance(painter, WordWatcher)
    assert painter.at_once == 16 and painter.previewer is None and painter.ground == (41, 43, 51)


def test_zeros_of_a_request_are_its_own_numbers_and_another_size_is_refused_in_both_languages(painter):
    filled = painter.fill(DrawRequest(model="m"), None)
    assert (filled.width, filled.height, filled.num_inference_steps) == (SIDE, SIDE, painter.steps)
    assert filled.guidance_scale == painter.guidance
    assert painter.fill(DrawRequest(model="m", width=SIDE, guidance_scale=0), None).guidance_scale == 0
    with pytest.raises(InputError) as refusal:
        painter.fill(DrawRequest(model="m", width=SIDE, height=24), None)
    assert "16 x 16" in refusal.value.text.en and "16 × 16" in refusal.value.text.zh


def test_a_picture_is_decided_by_its_seed_and_the_words(painter):
    request = asked(painter)
    two = draw(painter, request, (3, 4))
    assert two.shape == (2, SIDE, SIDE, 3) and two.dtype == torch.uint8
    alone = draw(painter, request, (4,))
    assert (alone[0].int() - two[1].int()).abs().max() <= 1
    assert not torch.equal(two[0], two[1])
    other = draw(painter, asked(painter, prompt="蓝方"), (3,))
    assert not torch.equal(other[0], two[0])


def test_guidance_1_is_the_words_alone_and_0_is_no_words(painter):
    told = draw(painter, asked(painter, guidance_scale=1))
    negative = draw(painter, asked(painter, guidance_scale=1, negative_prompt="green"))
    assert torch.equal(told, negative)
    wordless = draw(painter, asked(painter, prompt="", guidance_scale=1))
    nothing = draw(painter, asked(painter, guidance_scale=0))
    assert (wordless.int() - nothing.int()).abs().max() <= 1
    assert not torch.equal(wordless, told)
    led_away = draw(painter, asked(painter, guidance_scale=3, negative_prompt="green"))
    assert not torch.equal(led_away, draw(painter, asked(painter, guidance_scale=3)))


def test_inpainting_leaves_every_known_pixel_as_it_was(painter):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8))
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[4:9, 5:12] = 255
    request = asked(painter, picture=True, strength=1.0)
    drawn = draw(painter, request, (1, 2), image=picture, mask=Image.fromarray(mask)).numpy()
    outside = mask == 0
    assert all((one[outside] == np.asarray(picture)[outside]).all() for one in drawn)
    assert (drawn[0][~outside] != np.asarray(picture)[~outside]).any()


def test_from_a_picture_little_strength_stays_near_it_and_takes_fewer_steps(painter):
    picture = Image.new("RGB", (SIDE, SIDE), (200, 40, 90))
    heard = []
    request = asked(painter, picture=True, strength=0.25, num_inference_steps=8, guidance_scale=1)
    near = draw(painter, request, image=picture, on_step=lambda *told: heard.append(told[:2]))
    assert heard == [(1, 2), (2, 2)]
    assert painter.noise_levels[0] == 0.25 and painter.noise_levels[2] == 0 and len(painter.noise_levels) == 3
    far = draw(painter, asked(painter, picture=True, strength=1.0, guidance_scale=1), image=picture)
    distance = [(drawn.float() - torch.tensor([200.0, 40, 90])).abs().mean() for drawn in (near, far)]
    assert distance[0] < distance[1]


def test_every_step_shows_all_pictures_of_the_round_and_can_stop_it(painter):
    shown = []
    draw(painter, asked(painter), (1, 2, 3), on_step=lambda step, steps, preview: shown.append(preview()))
    assert [preview.shape for preview in shown] == [(3, SIDE, SIDE, 3)] * 4
    assert all(preview.dtype == torch.uint8 for preview in shown)
    with pytest.raises(Stopped):
        draw(painter, asked(painter), stop=lambda: True)


def test_the_words_are_watched_where_they_were_read(painter):
    request = asked(painter, prompt="a red dragon, 蓝方")
    words, maps = painter.watch(request, painter.conditions(request.prompt), torch.Generator().manual_seed(0))
    assert words == ["a", "red", "蓝", "方"]
    assert maps.shape == (4, 8, 8) and maps.min() >= 0 and maps.max() <= 1
    assert maps.sum(0).max() <= 1 + 1e-3 and maps.flatten(1).max(1).values.min() > 0


def test_unknown_words_are_named_and_what_is_too_long_is_said(painter):
    assert painter.unknown("a red dragon in 红袍") == ["dragon", "in", "袍"]
    assert painter.left_out("red " * 64) == "" and painter.left_out("red " * 64 + "blue") == "blue"
    assert draw(painter, asked(painter, prompt="dragon")).shape == (1, SIDE, SIDE, 3)


def test_between_two_sentences_lie_both_and_at_the_ends_each(painter):
    a, b = painter.conditions("red"), painter.conditions("a blue square")
    assert mixed(a.said, b.said, 0) is a.said and mixed(a.said, b.said, 1) is b.said
    request = asked(painter, guidance_scale=1)

    def at(t):
        noise = painter.noise(torch.Generator().manual_seed(0), SIDE, SIDE)
        drawn = painter.draw(request, painter.between(a, b, t), [torch.Generator()], noise)
        return drawn[0].picture.float()

    ends = at(0), at(1)
    near = at(0.001)
    assert (near - ends[0]).abs().mean() < 0.2 * (ends[1] - ends[0]).abs().mean()
