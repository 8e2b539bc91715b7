"""The HTTP API as a program uses it: gradio_client against a real server on tiny models."""

import time
from inspect import signature
from pathlib import Path

import gradio as gr
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image, ImageDraw

from aigc_demo import provenance
from aigc_demo.core.settings import Settings
from aigc_demo.ui import build_app
from tests.few_digits import write_few


@pytest.fixture(scope="module")
def client(debug_models, tmp_path_factory):
    """A client of a page served in this process."""
    own = tmp_path_factory.mktemp("api")
    page, options = build_app(
        Settings(weights_dir=debug_models, runs_dir=own / "runs", outputs_dir=own / "out", device="cpu")
    )
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **options)
    yield Client(url, verbose=False, download_files=str(own / "downloads"))
    page.close()


@pytest.fixture
def seven(tmp_path):
    """A drawn 7, black on white."""
    picture = Image.new("L", (280, 280), 255)
    ImageDraw.Draw(picture).line([(80, 60), (200, 60), (120, 230)], fill=0, width=20)
    picture.save(tmp_path / "seven.png")
    return tmp_path / "seven.png"


def test_public_endpoints_have_their_stable_names_and_the_requests_fields(client):
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(endpoints) == {
        "/list_models",
        "/generate_text",
        "/generate_image",
        "/reconstruct",
        "/classify",
        "/evaluate",
        "/interpolate",
        "/chat",
        "/rewrite",
        "/draw",
        "/upscale",
        "/start_training",
        "/job",
        "/stop_job",
        "/verify",
    }
    assert {"prompt", "temperature", "seed"} <= {
        p["parameter_name"] for p in endpoints["/generate_text"]["parameters"]
    }


def test_models_are_listed_with_their_classes(client):
    models = {model["id"]: model for model in client.predict(api_name="/list_models")}
    assert models["gan-digits"]["classes"]["en"] == [str(i) for i in range(10)]
    assert "folder" not in models["gan-digits"]


def test_pictures_come_as_a_labelled_file(client):
    answer = client.predict(label="3", count=4, seed=1, api_name="/generate_image")
    assert answer["labels"] == [3, 3, 3, 3] and len(set(answer["seeds"])) == 4
    found = provenance.read(Path(answer["file"]))
    assert found.recipe.request["count"] == 4 and found.label.Label == "1"


def test_text_is_the_same_for_the_same_seed(client):
    ask = {
        "prompt": "春望",
        "form": "wujue",
        "count": 2,
        "max_new_tokens": 12,
        "seed": 5,
        "api_name": "/generate_text",
    }
    first, second = client.predict(**ask), client.predict(**ask)
    assert first["texts"] == second["texts"] and len(first["texts"]) == 2
    assert provenance.read(Path(first["file"])).recipe.request["prompt"] == "春望"


def test_an_uploaded_picture_is_encoded_and_walked_from(client, seven):
    answer = client.predict(image=handle_file(seven), api_name="/reconstruct")
    assert len(answer["neighbours"]["labels"]) == 8
    walk = client.predict(
        from_image=handle_file(seven), frames=3, there_and_back=False, api_name="/interpolate"
    )
    assert (
        provenance.read(Path(walk["mp4"])).recipe.task
        == provenance.read(Path(walk["gif"])).recipe.task
        == "walk"
    )


@pytest.mark.parametrize("picture", ["/etc/hostname", {"path": "/etc/hostname"}, "../../app.py"])
def test_a_path_of_the_servers_own_is_no_picture(client, picture):
    with pytest.raises(AppError, match="uploaded"):
        client.predict(image=picture, api_name="/reconstruct")


@pytest.fixture
def few(tmp_path):
    """A prepared folder of scikit-learn's digits."""
    return write_few(tmp_path / "few")


@pytest.mark.process
def test_a_program_starts_watches_and_stops_a_training(client, few):
    wanted = {"family": "gan", "data": str(few), "name": "by-program", "steps": 100_000, "batch_size": 4}
    started = client.predict(**wanted, api_name="/start_training")
    assert started["model"] == "runs/by-program" and started["state"] in ("queued", "running")
    while client.predict(name="by-program", api_name="/job")["step"] == 0:
        assert client.predict(name="by-program", api_name="/job")["state"] in ("queued", "running")
        time.sleep(0.2)
    client.predict(name="by-program", api_name="/stop_job")
    while (job := client.predict(name="by-program", api_name="/job"))["state"] == "running":
        time.sleep(0.2)
    assert job["state"] == "stopped" and job["log"]["loss"] and job["words"]["zh"]


def test_a_public_page_does_not_train(debug_models, tmp_path):
    settings = Settings(mode="spaces", weights_dir=debug_models, runs_dir=tmp_path, device="cpu")
    page, _ = build_app(settings)
    start = next(fn for fn in page.fns.values() if fn.api_name == "start_training").fn
    given = {"family": "gan", "data": "digits", "name": "x"}
    with pytest.raises(gr.Error, match="Training is off on this public page"):
        start(*[given.get(name, field.default) for name, field in signature(start).parameters.items()])
    assert not settings.may_train and Settings(mode="spaces", allow_training=True).may_train
    assert "train-not-here" in str(page.get_config_file()) and "train-go" not in str(page.get_config_file())


@pytest.mark.parametrize(("endpoint", "values", "sentence"), [
    ("/start_training", {"family": "gan", "data": "no-such", "name": "x"}, "no data no-such"),
    ("/start_training", {"family": "gan", "data": "digits", "name": "../x"}, "Name"),
    ("/start_training", {"family": "gan", "data": "digits", "name": "x", "steps": 0}, "from 1 to"),
    ("/job", {"name": "no-such"}, "no training run no-such"),
    ("/stop_job", {"name": "../../etc"}, "Name"),
    ("/generate_image", {"count": 0}, "Count: 0 does not fit"),
    ("/generate_image", {"count": 10**9}, "from 1 to 64"),
    ("/generate_image", {"label": "seven"}, "no class seven"),
    ("/generate_image", {"model": "gpt-poems"}, "choose one of"),
    ("/generate_text", {"prompt": "春" * 1_000_000}, "up to 400"),
    ("/generate_text", {"temperature": -1}, "Temperature"),
    ("/interpolate", {"frames": 121}, "from 2 to 120"),
])  # fmt: skip
def test_bad_values_come_back_as_one_sentence_in_both_languages(client, endpoint, values, sentence):
    with pytest.raises(AppError, match=sentence) as error:
        client.predict(**values, api_name=endpoint)
    assert any("一" <= char <= "鿿" for char in str(error.value))
