"""/draw and /upscale as a program uses them: gradio_client against a real server, a tiny Stable Diffusion, the real upscaler."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from aigc_demo import provenance
from aigc_demo.core.settings import Settings
from aigc_demo.ui import build_app
from tests.checkpoints import keep_card
from tests.checkpoints.diffusion import write_sd

WEIGHTS = Path(__file__).parents[3] / "weights"
ASK = {"model": "tiny/sd", "prompt": "a fox", "num_inference_steps": 2, "api_name": "/draw"}

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A client of a page served in this process."""
    own = tmp_path_factory.mktemp("api")
    shutil.copytree(WEIGHTS / "realesrgan-x4", own / "weights" / "realesrgan-x4")
    folders = {f"{name}_dir": own / name for name in ("weights", "runs", "data", "outputs")}
    settings = Settings(**folders, device="cpu", offline=True)
    tasks = ("draw", "redraw", "inpaint", "latent")
    keep_card(settings, write_sd(own / "sd"), "tiny/sd", "diffusion", "text_to_image", tasks)
    page, options = build_app(settings)
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **options)
    yield Client(url, verbose=False, download_files=str(own / "downloads"))
    page.close()


@pytest.fixture
def photo(tmp_path):
    """A red picture, and a mask of its left half."""
    mask = Image.new("L", (32, 32))
    mask.paste(255, (0, 0, 16, 32))
    mask.save(tmp_path / "mask.png")
    Image.new("RGB", (32, 32), (200, 40, 30)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png", tmp_path / "mask.png"


def test_pictures_of_a_sentence_come_labelled_each_with_its_seed(client):
    answer = client.predict(**ASK, count=2, seed=5)
    assert len(answer["files"]) == 2 and answer["seeds"][0] == 5 and answer["num_inference_steps"] == 2
    for file, seed in zip(answer["files"], answer["seeds"], strict=True):
        found = provenance.read(Path(file))
        assert found.label.Label == "1" and found.recipe.request["seed"] == seed
        assert found.recipe.request["prompt"] == "a fox" and not found.recipe.request.get("mask")


def test_a_mask_keeps_the_rest_of_the_picture(client, photo):
    image, mask = map(handle_file, photo)
    answer = client.predict(**ASK, image=image, mask=mask)
    with Image.open(answer["files"][0]) as picture:
        assert (np.asarray(picture)[:, 20:] == (200, 40, 30)).all()


def test_a_picture_is_enlarged(client, photo):
    answer = client.predict(image=handle_file(photo[0]), api_name="/upscale")
    assert answer["scale"] == 4
    with Image.open(answer["file"]) as picture:
        assert picture.size == (128, 128)
    assert provenance.read(Path(answer["file"])).recipe.task == "upscale"


@pytest.mark.parametrize(("endpoint", "values", "sentence"), [
    ("/draw", {"mask": "/etc/hostname"}, "uploaded"),
    ("/draw", {"image": {"path": "/etc/hostname"}}, "uploaded"),
    ("/draw", {"width": 30, "height": 30}, "8"),
    ("/draw", {"count": 99}, "from 1 to 64"),
    ("/draw", {"strength": 0}, "Strength"),
    ("/draw", {"model": "realesrgan-x4"}, "choose one of"),
    ("/upscale", {"image": "../../app.py"}, "uploaded"),
])  # fmt: skip
def test_bad_values_come_back_as_one_sentence_in_both_languages(client, endpoint, values, sentence):
    given = {**(ASK if endpoint == "/draw" else {}), **values, "api_name": endpoint}
    with pytest.raises(AppError, match=sentence) as error:
        client.predict(**given)
    assert any("一" <= char <= "鿿" for char in str(error.value))
