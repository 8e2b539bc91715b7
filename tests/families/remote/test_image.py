"""Pictures from an endpoint on loopback, through the verb `draw` as any model's; and endpoints that fail."""

import time

import numpy as np
import pytest

from aigc_demo.actions import draw
from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.core.settings import Settings
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import DrawRequest
from tests.families.remote.servers import draw_plain, scripted

MODEL = "server/image"


@pytest.fixture(autouse=True)
def online(monkeypatch):
    """The tests are offline otherwise."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)


def cache(server, folder):
    """The models of an app whose image server that is."""
    return ModelCache(Settings(image_server=server.url, data_dir=folder, runs_dir=folder, weights_dir=folder))


def test_pictures_come_with_their_own_seeds(tmp_path):
    request = DrawRequest(model=MODEL, prompt="a red kite", count=3, width=40, height=32)
    with scripted(draw_plain) as server:
        *before, result = draw(request, cache(server, tmp_path))
    assert result.pictures.shape == (3, 32, 40, 3)
    asked = [body for _, _, body in server.asked]
    assert [body["parameters"]["seed"] for body in asked] == result.seeds and len(set(result.seeds)) == 3
    assert asked[0]["inputs"] == "a red kite" and "guidance_scale" not in asked[0]["parameters"]
    assert [int(picture[0, 0, 0]) for picture in result.pictures] == [seed % 256 for seed in result.seeds]
    assert all(step.steps == 3 for step in before)
    assert np.array_equal(result.pictures, result.preview)


@pytest.mark.parametrize("answer", [b"<html>", b""])
def test_no_picture_is_a_sentence(answer, tmp_path):
    def reply(handler, body):
        handler.send(200, answer, "image/png")

    with scripted(reply) as server, pytest.raises(InputError, match="no picture"):
        list(draw(DrawRequest(model=MODEL, prompt="x"), cache(server, tmp_path)))


def test_a_refused_key_is_a_sentence(tmp_path):
    def refuse(handler, body):
        handler.reply(401, {})

    with scripted(refuse) as server, pytest.raises(InputError, match="AIGC_SERVER_KEY"):
        list(draw(DrawRequest(model=MODEL, prompt="x"), cache(server, tmp_path)))


def test_stop_does_not_wait_for_the_server(tmp_path):
    def slow(handler, body):
        time.sleep(3)

    began = time.monotonic()
    with scripted(slow) as server, pytest.raises(Stopped):
        list(
            draw(
                DrawRequest(model=MODEL, prompt="x"),
                cache(server, tmp_path),
                lambda: time.monotonic() - began > 0.3,
            )
        )
    assert time.monotonic() - began < 2.5
