"""Every file that leaves a public page, after the real HTTP download: label, source, recipe, words in the pixels."""

import base64
import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from aigc_demo.actions.verify import check_file
from aigc_demo.core.settings import Settings
from aigc_demo.provenance import SOURCE_TYPE, read
from aigc_demo.provenance.c2pa_signer import MIME, installed
from aigc_demo.provenance.documents import WORDS
from tests.load.caller import Caller
from tests.ui.page.label_exits import (
    MAKERS,
    MODELS_NOT_CONTENT,
    REPORTS,
    data_addresses,
    saving_buttons,
    shows_label,
)

PICTURES = (".png", ".jpg", ".webp")
MAKES_NOTHING = {"list_models", "start_training", "job", "stop_job", "verify"}
PRETRAINED = {"chat", "rewrite", "draw"}


@pytest.fixture(scope="module")
def own(public_folder):
    """The folder of all that the server writes."""
    return public_folder


@pytest.fixture(scope="module")
def settings(own):
    """Settings that see the server's keys."""
    return Settings(data_dir=own / "data")


@pytest.fixture(scope="module")
def caller(public):
    """A visitor of a public page."""
    return Caller(public).open()


@pytest.fixture(scope="module")
def seven():
    """A picture that a visitor brings, without a label."""
    picture, file = Image.new("RGB", (64, 64), "white"), io.BytesIO()
    ImageDraw.Draw(picture).line([(18, 14), (46, 14), (28, 52)], fill="black", width=5)
    picture.save(file, "PNG")
    return file.getvalue()


def made(caller, maker, seven):
    """Press the button; the answer."""
    values = dict(maker.values)
    if maker.press == "upscale-go":
        values["upscale_image"] = caller.upload("seven.png", seven)
    if maker.press == "reconstruct-go":
        assert caller.press("encode-pad-open", "upload", encode_pad_open=caller.upload("seven.png", seven)).ok
    if maker.press == "classify-go":
        assert caller.press(
            "classify-pad-open", "upload", classify_pad_open=caller.upload("seven.png", seven)
        ).ok
    answer = caller.press(maker.press, **values)
    assert answer.ok, (maker.press, answer.said)
    return answer


def saved(caller, button, folder):
    """Press a download button and fetch what it hands over; each file, those of an archive too."""
    answer = caller.press(button)
    assert answer.ok and answer.data[0], (button, answer.said)
    told = answer.data[0].get("value") or answer.data[0]
    path = folder / Path(told["path"]).name
    path.write_bytes(caller.fetch(told["path"]).raise_for_status().content)
    if path.suffix != ".zip":
        return [path]
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder / path.stem)
    return sorted((folder / path.stem).iterdir())


def check_labels(path, settings):
    """Label, source and recipe are whole; people see the label, whatever the kind of file."""
    found = read(path)
    assert found.label.Label == "1" and found.label.ContentProducer == "aigc-demo" and found.label.ProduceID
    assert found.source_type == SOURCE_TYPE and found.recipe.model and not found.notes, (path, found.notes)
    if path.suffix in PICTURES:
        assert shows_label(Image.open(path)), path
    elif path.suffix == ".gif":
        film = Image.open(path)
        for frame in (0, film.n_frames - 1):
            film.seek(frame)
            assert shows_label(film.convert("RGB")), path
    elif path.suffix == ".mp4":
        assert all(shows_label(frame) for frame in frames_of(path)), path
    else:
        assert WORDS in path.read_text(encoding="utf-8")
    if path.suffix in MIME and installed():
        manifest = check_file(path, settings).manifest
        assert manifest.state == "valid" and manifest.own


def frames_of(path):
    import av

    with av.open(str(path)) as film:
        return [frame.to_image() for frame in film.decode(video=0)]


def test_every_button_that_saves_something_made_is_known(caller):
    known = {button for maker in MAKERS for button in maker.saves}
    assert saving_buttons(caller.parts) - MODELS_NOT_CONTENT - REPORTS == known


@pytest.mark.parametrize("maker", [maker for maker in MAKERS if maker.own], ids=lambda maker: maker.press)
def test_every_file_of_a_tab_is_labelled_after_its_download(maker, caller, settings, seven, tmp_path):
    check_exits(maker, caller, settings, seven, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("maker", [maker for maker in MAKERS if not maker.own], ids=lambda maker: maker.press)
def test_so_is_every_file_of_a_pretrained_model(maker, caller, settings, seven, tmp_path):
    check_exits(maker, caller, settings, seven, tmp_path)


def check_exits(maker, caller, settings, seven, folder):
    """All files that the tab saves, and the pictures that it shows."""
    answer = made(caller, maker, seven)
    files = [path for button in maker.saves for path in saved(caller, button, folder)]
    assert len(files) >= len(maker.saves)
    for path in files:
        check_labels(path, settings)
    if maker.shows:
        shown = list(map(stated, data_addresses(answer.text)))
        assert shown and all(shown)


def stated(address):
    """Whether a data: address says that AI made it."""
    data = base64.b64decode(address.split(",", 1)[1])
    return b"trainedAlgorithmicMedia" in data and b"AIGC" in data


def test_every_file_of_the_api_is_labelled_after_its_download(caller, settings, seven, tmp_path):
    picture = caller.upload("seven.png", seven)
    asked = {
        "generate_text": {"max_new_tokens": 12, "count": 1},
        "generate_image": {"count": 2},
        "reconstruct": {"image": picture},
        "interpolate": {"frames": 6},
        "upscale": {"image": picture},
        "classify": {"image": picture},
    }
    known = MAKES_NOTHING | PRETRAINED | {"evaluate"} | set(asked)  # what evaluates wants data
    assert {name.removeprefix("/") for name in caller.endpoints} == known
    check_endpoints(asked, caller, settings, tmp_path)


@pytest.mark.slow
def test_so_is_every_file_of_a_pretrained_model_by_the_api(caller, settings, tmp_path):
    hello = [{"role": "user", "content": "Hello"}]
    asked = {
        "chat": {"messages": hello, "model": "tiny/llama", "max_new_tokens": 8},
        "rewrite": {"text": "Hello.", "model": "tiny/marian", "max_new_tokens": 8},
        "draw": {"prompt": "a kite", "model": "tiny/sd", "num_inference_steps": 2},
    }
    assert set(asked) == PRETRAINED
    check_endpoints(asked, caller, settings, tmp_path)


def check_endpoints(asked, caller, settings, folder):
    """All files in the answers."""
    for name, fields in asked.items():
        answer = caller.ask(name, **fields)
        assert answer.ok, (name, answer.said)
        files = list(file_paths(answer.data[0]))
        assert files, name
        for told in files:
            path = folder / Path(told).name
            path.write_bytes(caller.fetch(told).raise_for_status().content)
            check_labels(path, settings)


def file_paths(value):
    """The paths of all files in an answer."""
    if isinstance(value, dict) and value.get("path"):
        yield value["path"]
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from file_paths(inner)


def test_who_switches_the_visible_label_off_keeps_the_other(caller, tmp_path):
    assert caller.press("labels-visible", "input", labels_visible=False).ok
    try:
        assert caller.press("image-go", image_count=2).ok
        (path,) = saved(caller, "image-save-png", tmp_path)
        assert read(path).label and read(path).recipe and not shows_label(Image.open(path))
    finally:
        assert caller.press("labels-visible", "input", labels_visible=True).ok


def test_the_picture_that_was_sent_to_be_enlarged_is_quoted(caller, tmp_path):
    assert caller.press("image-go", image_count=2).ok
    (path,) = saved(caller, "image-save-png", tmp_path)
    assert caller.press("upscale-go", upscale_image=caller.upload("a.png", path.read_bytes())).ok
    (large,) = saved(caller, "upscale-save-jpg", tmp_path)
    (source,) = read(large).recipe.sources
    assert source.label == read(path).label and source.model == read(path).recipe.model
