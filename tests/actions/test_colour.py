"""Colour pictures, other sides than 28 and a single class, through every action, file writer, view and door."""

import base64
import io
import json
import re
import zipfile
from importlib import import_module

import av
import gradio as gr
import numpy as np
import pytest
from PIL import Image

from aigc_demo import actions, provenance
from aigc_demo.__main__ import main
from aigc_demo.core.settings import Settings
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import ArrayRequest, GridRequest, ImageRequest, ReconstructRequest, WalkRequest
from aigc_demo.ui.api import add_endpoints
from aigc_demo.ui.latent.scrubber import stage_html
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.language import Words
from tests.conftest import write_card

SIDE = 64
TASKS = {"vae": ["image", "latent", "reconstruct"], "gan": ["image", "latent"]}
MODELS = {
    "vae-stains": ("vae", {"side": SIDE, "channels": 3, "classes": 1}),
    "gan-stains": ("gan", {"side": SIDE, "channels": 3, "classes": 1}),
    "vae-large": ("vae", {"side": 128, "channels": 3, "classes": 3}),
    "vae-faces": ("vae", {"side": 36, "channels": 1, "classes": 2}),
}
BOTH = pytest.mark.parametrize("model", ["vae-stains", "gan-stains"])


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """Settings whose models are these."""
    own = tmp_path_factory.mktemp("colour")
    for name, (family, options) in MODELS.items():
        import_module(f"aigc_demo.families.{family}").write_debug_model(own / "weights" / name, **options)
        write_card(own / "weights" / name, family=family, tasks=TASKS[family], data="stains")
    return Settings(
        weights_dir=own / "weights",
        runs_dir=own / "runs",
        outputs_dir=own / "out",
        device="cpu",
        offline=True,
    )


@pytest.fixture(scope="module")
def cache(settings):
    """The models of `settings`."""
    return ModelCache(settings)


@pytest.fixture
def photo(tmp_path):
    """A wide photo, red in the left third, green in the middle, blue at the right."""
    picture = np.zeros((120, 360, 3), np.uint8)
    for channel in range(3):
        picture[:, 120 * channel : 120 * (channel + 1), channel] = 220
    Image.fromarray(picture).save(tmp_path / "photo.png")
    return str(tmp_path / "photo.png")


def is_labelled(path):
    """Whether the file says that AI made it, and how."""
    found = provenance.read(path)
    return found.ai_generated and found.recipe.model in MODELS


@BOTH
def test_pictures_have_three_channels_on_sheets_and_in_archives(cache, tmp_path, model):
    result = actions.make_images(ImageRequest(model=model, count=5, seed=2), cache)
    assert result.pictures.shape == (5, SIDE, SIDE, 3) and result.labels == [0] * 5
    sheet = actions.write_sheet(result, tmp_path)
    with Image.open(sheet) as picture:
        assert picture.mode == "RGB" and picture.size == (3 * 128 + 2 * 2, 2 * 128 + 2)
    with zipfile.ZipFile(actions.write_archive(result, tmp_path)) as archive:
        archive.extractall(tmp_path / "all")
    for path, picture in zip(sorted((tmp_path / "all").iterdir()), result.pictures, strict=True):
        assert np.array_equal(np.asarray(Image.open(path)), picture) and is_labelled(path)
    assert is_labelled(sheet)


@BOTH
def test_walks_become_films_and_strips(cache, tmp_path, model):
    request = WalkRequest(model=model, frames=5, there_and_back=False)
    result = actions.walk(request, cache)
    assert result.frames.shape == (5, SIDE, SIDE, 3)
    assert (result.request.from_label, result.request.to_label) == ("0", "0")  # of its one class
    gif, mp4 = (actions.write_film(result, tmp_path, suffix) for suffix in (".gif", ".mp4"))
    with Image.open(gif) as film:
        assert film.size == (192, 192)
        durations = [film.seek(index) or film.info["duration"] for index in range(film.n_frames)]
    assert sum(durations) == pytest.approx(5000 / 12, abs=10)  # Pillow joins frames that are alike
    with av.open(str(mp4)) as film:
        decoded = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(decoded) == 5 and decoded[0].shape == (448, 448, 3)
    seen = decoded[0].reshape(SIDE, 7, SIDE, 7, 3).mean(axis=(0, 1, 2, 3))
    assert np.abs(seen - result.frames[0].mean(axis=(0, 1))).max() < 6
    assert all(is_labelled(path) for path in (gif, mp4, actions.write_strip(result, tmp_path)))


def test_the_grid_and_its_sprite_have_rows(cache, tmp_path):
    result = actions.grid(GridRequest(model="vae-large", size=5), cache)
    assert result.request.labels == ["0", "1", "0", "1"]  # the defaults 0, 1, 6, 7, as far as it has them
    with Image.open(actions.write_sheet(result, tmp_path)) as sheet:
        assert sheet.size == (5 * 128 + 4 * 2,) * 2
    html = pictures.sheet(list(result.pictures), 5, [""] * 25, ["x"] * 25)
    assert html.count("background-size:500% 500%") == 25 and "--rendering:auto" in html
    assert "background-position:50.0000% 25.0000%" in html  # the third of the second row
    assert pictures.place(3, 7) == "background-position:50.0000% 0.0000%;background-size:700% 100%"


def test_an_uploaded_photo_is_cropped_to_its_middle_in_colour(cache, tmp_path, photo):
    result = actions.reconstruct(ReconstructRequest(model="vae-stains", image=photo, noise=0.2), cache)
    assert result.original.shape == result.reconstruction.shape == (SIDE, SIDE, 3)
    assert (result.original[4:-4, 4:-4] == [0, 220, 0]).all()  # the filter rings at the edges
    assert (result.damaged != result.original).any() and result.neighbours.shape == (8, SIDE, SIDE, 3)
    with Image.open(actions.write_reconstruction(result, tmp_path)) as sheet:
        assert sheet.mode == "RGB"
    request = WalkRequest(model="vae-stains", from_image=photo, frames=3)
    assert actions.walk(request, cache).frames.shape[1:] == (SIDE, SIDE, 3)


def test_a_grey_model_of_photos_takes_a_photo_as_grey_tones(cache, photo):
    result = actions.reconstruct(ReconstructRequest(model="vae-faces", image=photo), cache)
    assert result.original.shape == (36, 36)
    assert (result.original[4:-4, 4:-4] == round(0.587 * 220)).all()


def test_arrays_for_measuring_have_a_last_axis_for_colour(cache, settings, tmp_path, capsys):
    request = ArrayRequest(model="vae-stains", count=3)
    assert actions.make_images(request, cache).pictures.shape == (3, SIDE, SIDE, 3)
    path, weights = tmp_path / "x.npy", settings.weights_dir
    flags = ["--model", "gan-stains", "--count", "4", "--array", path, "--weights-dir", weights, "--json"]
    assert main(["image", *map(str, flags)]) == 0
    assert len(json.loads(capsys.readouterr().out)["files"]) == 2
    assert np.load(path).shape == (4, SIDE, SIDE, 3)


def test_the_stage_of_a_walk_shows_every_frame(cache):
    result = actions.walk(WalkRequest(model="vae-large", frames=4), cache)
    html = stage_html(result, ("A", "B"), Words(), "en")
    uri = re.search(r"--sprite:url\(data:image/png;base64,([^)]+)\)", html).group(1)
    with Image.open(io.BytesIO(base64.b64decode(uri))) as sprite:
        assert sprite.mode == "RGB" and sprite.size == (4 * 128, 128)
    assert "--rendering:auto" in html and "--rendering:pixelated" in pictures.figure(
        np.zeros((28, 28), np.uint8), ""
    )


def test_the_api_serves_them_by_their_name_alone(cache, settings):
    with gr.Blocks() as page:
        add_endpoints(Context(settings, cache, Words()))
    endpoints = {function.api_name: function for function in page.fns.values()}
    for name, kind in (("generate_image", ImageRequest), ("interpolate", WalkRequest)):
        values = kind(
            model="gan-stains", **({"count": 2} if kind is ImageRequest else {"frames": 2})
        ).model_dump()
        answer = endpoints[name].fn(*values.values())
        written = answer["file"] if kind is ImageRequest else answer["gif"]
        with Image.open(written["path"]) as picture:
            assert picture.width >= SIDE


@pytest.mark.parametrize(("side", "scale"), [(28, 4), (36, 3), (64, 2), (96, 1), (128, 1)])
def test_pictures_are_enlarged_by_whole_pixels_to_about_one_size(side, scale):
    assert actions.scale_to(actions.SHEET_SIDE, np.zeros((1, side, side))) == scale
