"""The model behind the verbs: drawing, completing, and films between two sentences."""

from collections import deque

import numpy as np
import pytest
from PIL import Image

from aigc_demo import actions
from aigc_demo.core.errors import InputError
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import DrawRequest, WalkRequest
from tests.checkpoints.dalle import write_dalle
from tests.conftest import settings_in


@pytest.fixture
def cache(tmp_path):
    weights = tmp_path / "weights"
    write_dalle(weights / "dalle-squares")
    return ModelCache(settings_in(tmp_path, weights))


def ask(cache, **fields):
    """All that is yielded for a request."""
    return list(actions.draw(DrawRequest(model="dalle-squares", **fields), cache))


def test_drawing_takes_a_row_a_step_and_names_the_words_it_does_not_know(cache):
    results = ask(cache, prompt="a red hexagon", count=3)
    last = results[-1]
    assert last.pictures.shape == (3, 16, 16, 3) and last.request.num_inference_steps == 4
    assert "hexagon" in last.note.en and "hexagon" in last.note.zh
    again = ask(cache, prompt="a red", count=1)[-1]
    assert np.array_equal(again.pictures[0], last.pictures[0])


def test_a_completion_leaves_the_rest_of_the_picture_as_it_is(cache, tmp_path):
    picture = np.random.default_rng(0).integers(256, size=(16, 16, 3)).astype(np.uint8)
    mask = np.zeros((16, 16), np.uint8)
    mask[:, 8:] = 255
    Image.fromarray(picture).save(tmp_path / "picture.png")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    paths = {"image": str(tmp_path / "picture.png"), "mask": str(tmp_path / "mask.png")}
    found = ask(cache, prompt="a blue square", count=2, **paths)[-1].pictures
    assert np.array_equal(found[:, :, :8], np.stack([picture[:, :8]] * 2))
    assert not np.array_equal(found[0][:, 8:], picture[:, 8:])
    del paths["mask"]
    with pytest.raises(InputError):
        ask(cache, prompt="a blue square", **paths)


def test_a_film_goes_from_one_sentence_to_the_other(cache):
    ends = {"from_prompt": "a red square", "to_prompt": "蓝方", "from_seed": 3, "to_seed": 4}
    result = actions.walk(WalkRequest(model="dalle-squares", frames=4, there_and_back=False, **ends), cache)
    assert result.frames.shape == (4, 16, 16, 3)
    drawn = deque(
        actions.draw(DrawRequest(model="dalle-squares", prompt="a red square", seed=3), cache), maxlen=1
    )
    assert np.array_equal(result.frames[0], drawn.pop().pictures[0])
