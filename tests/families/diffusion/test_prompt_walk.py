"""Walks between two sentences."""

from collections import deque

import numpy as np
import pytest

from aigc_demo import actions, provenance
from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.schemas import DrawRequest, GridRequest, WalkRequest

ENDS = {"from_prompt": "a cat", "to_prompt": "two large dogs", "from_seed": 3, "to_seed": 4}


@pytest.mark.parametrize(
    "name",
    [
        "sd",
        "lcm",
        "flow",
        pytest.param("sdxl", marks=pytest.mark.slow),
        pytest.param("klein", marks=pytest.mark.slow),
    ],
)
def test_a_film_begins_with_the_drawing_of_a(name, offer, cache):
    model = offer(name).id
    heard = []
    result = actions.walk(WalkRequest(model=model, frames=3, **ENDS), cache, progress=heard.append)
    side = 64 if name == "klein" else 32
    assert result.frames.shape == (4, side, side, 3) and result.times == [0, 0.5, 1, 0.5]
    assert heard[-1] == 1 and len(heard) == 6
    assert result.request.num_inference_steps == 2
    assert set(result.lengths) == {"slerp", "lerp"}
    if name != "flow":  # whose sentences are made equally long
        drawn = deque(actions.draw(DrawRequest(model=model, prompt="a cat", seed=3), cache), maxlen=1).pop()
        assert np.array_equal(result.frames[0], drawn.pictures[0])
    assert not np.array_equal(result.frames[0], result.frames[1])
    assert not np.array_equal(result.frames[1], result.frames[2])


def test_the_prompt_alone_moves_the_picture(offer, cache):
    offer("sd")
    same = {"from_seed": 3, "to_seed": 3, "model": "tiny/sd", "frames": 2, "there_and_back": False}
    still = actions.walk(WalkRequest(**same, from_prompt="a cat", to_prompt="a cat"), cache)
    assert np.array_equal(*still.frames)
    moved = actions.walk(WalkRequest(**same, from_prompt="a cat", to_prompt="owls"), cache)
    assert not np.array_equal(*moved.frames)


def test_stop_and_the_film_s_recipe(offer, cache, tmp_path):
    offer("sd")
    polls = 0

    def stop():
        nonlocal polls
        polls += 1
        return polls > 100

    with pytest.raises(Stopped):
        actions.walk(WalkRequest(model="tiny/sd", frames=100, **ENDS), cache, stop)
    assert polls == 101
    film = actions.write_film(actions.walk(WalkRequest(model="tiny/sd", frames=2, **ENDS), cache), tmp_path)
    assert provenance.read(film).recipe.request["to_prompt"] == "two large dogs"


def test_there_is_no_square_of_sentences(offer, cache):
    with pytest.raises(InputError, match="film the way"):
        actions.grid(GridRequest(model=offer("sd").id), cache)
