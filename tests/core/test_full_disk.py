"""A disk that fills up, and folders that may not be written: at every write a sentence, nothing lost, no half file.

The disk is a small tmpfs, which takes root to mount; what has no rights is the same root without the capability that
lets it write anywhere.
"""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from aigc_demo.core.errors import InputError
from aigc_demo.core.failures import FULL, in_words, is_full
from aigc_demo.core.settings import ROOT, Settings
from aigc_demo.data.imports import ImportRequest, import_files
from aigc_demo.jobs import Jobs, TrainRequest
from aigc_demo.jobs.export import export_run, import_run
from aigc_demo.jobs.folder import JobFolder
from aigc_demo.jobs.signals import StopSignals
from aigc_demo.jobs.worker import Worker
from aigc_demo.publish.folder import publish

IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
pytestmark = pytest.mark.skipif(
    not IS_ROOT or not sys.platform.startswith("linux"), reason="mounting a small disk takes root"
)


@pytest.fixture
def disk(tmp_path):
    """Mount an empty disk of so many kilobytes: disk(200)."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(kilobytes):
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", place], check=False
        )
        if done.returncode:
            pytest.skip("this root may not mount")
        return place

    yield mount
    subprocess.run(["umount", place], check=False, stderr=subprocess.DEVNULL)


@pytest.fixture
def pictures(tmp_path):
    """A folder of noise, which nothing makes smaller."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    random = np.random.default_rng(0)
    for place in range(8):
        Image.fromarray(random.integers(0, 256, (64, 64, 3), np.uint8)).save(folder / f"{place}.png")
    return folder


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def said(error):
    """What the command line and the page say of it."""
    return error.text if isinstance(error, InputError) else in_words(error)


@pytest.mark.process
@pytest.mark.parametrize("kilobytes", [4, 16, 40, 80, 120])
def test_an_import_leaves_what_was_there(disk, pictures, kilobytes):
    data_dir = disk(kilobytes)
    (data_dir / "kept").write_bytes(b"kept")
    ask = ImportRequest(name="mine", consent=True, side=64)
    with pytest.raises(Exception) as caught:
        import_files(ask, [pictures], data_dir)
    assert said(caught.value) == FULL and files(data_dir) == {"kept": b"kept"}


@pytest.mark.parametrize("kilobytes", [4, 40, 100])
def test_an_export_a_published_folder_and_an_imported_model_are_whole_or_not_there(
    disk, debug_models, tmp_path, kilobytes
):
    run = tmp_path / "runs" / "mine"
    shutil.copytree(debug_models / "gan-digits", run)
    (run / "train.json").write_text("{}")
    whole = export_run(run, tmp_path / "whole.zip")
    assert whole.stat().st_size > 100 << 10
    place = disk(kilobytes)
    (place / "kept").write_bytes(b"kept")
    settings = Settings(weights_dir=debug_models, runs_dir=tmp_path / "runs", data_dir=tmp_path / "data")
    for write in (
        lambda: export_run(run, place / "mine.zip"),
        lambda: publish("gan-digits", place / "space", settings),
        lambda: import_run(whole, place / "runs", "again"),
    ):
        with pytest.raises(Exception) as caught:
            write()
        assert said(caught.value) == FULL
        assert files(place) == {"kept": b"kept"}


def test_an_export_over_an_older_one_keeps_that(disk, debug_models):
    place = disk(100)
    old = place / "mine.zip"
    old.write_bytes(b"an older one" * 10)
    before = files(place)
    with pytest.raises(OSError):
        export_run(debug_models / "gan-digits", old)
    assert files(place) == before


@pytest.mark.training
@pytest.mark.parametrize("kilobytes", [0, 700, 1400, 2200])
def test_training_keeps_its_last_save_and_its_name(disk, tmp_path, kilobytes):
    place = disk(max(kilobytes, 8))
    settings = Settings(runs_dir=place / "runs", data_dir=tmp_path / "data", device="cpu", offline=True)
    (place / "filler").write_bytes(bytes(8 << 10 if not kilobytes else 0))
    jobs = Jobs(settings)
    request = TrainRequest(family="vae", data="shapes", name="mine", steps=40, save_every=2, batch_size=4)
    try:
        folder = jobs.enqueue_here(request)
    except OSError as error:
        assert is_full(error) and not (place / "runs" / "mine").exists()
        return
    with StopSignals(folder) as signals:
        end = Worker(folder, folder.request(), settings, "cpu").work(signals)
    assert end.state == "failed" and ("disk is full" in end.cause.en or "nearly full" in end.cause.en)
    assert not list(folder.path.glob(".*.tmp"))
    assert JobFolder(folder.path).request() == folder.request()


WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


@pytest.mark.process
@pytest.mark.parametrize(
    ("setting", "command"),
    [
        ("AIGC_RUNS_DIR", ["train", "--family", "vae", "--data", "shapes", "--name", "x", "--steps", "1"]),
        ("AIGC_DATA_DIR", ["data", "add", "x", "{pictures}", "--consent"]),
        ("--out", ["publish", "--model", "gan-digits", "--out", "{folder}/space"]),
        ("--out", ["jobs", "export", "mine", "--out", "{folder}/mine.zip"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else value,
)
def test_a_folder_without_rights_is_named_with_its_setting(
    tmp_path, pictures, debug_models, setting, command
):
    if not shutil.which("setpriv"):
        pytest.skip("there is no setpriv")
    folder, runs = tmp_path / "locked", tmp_path / "runs"
    folder.mkdir(mode=0o555)
    shutil.copytree(debug_models / "gan-digits", runs / "mine")
    (runs / "mine" / "train.json").write_text(
        TrainRequest(family="gan", data="shapes", name="mine").model_dump_json()
    )
    own = {"AIGC_RUNS_DIR": runs, "AIGC_DATA_DIR": tmp_path / "data", "AIGC_WEIGHTS_DIR": debug_models}
    environment = os.environ | {name: str(path) for name, path in own.items()} | {"AIGC_LANG": "en"}
    if setting.startswith("AIGC"):
        environment[setting] = str(folder)
    asked = [part.format(folder=folder, pictures=pictures) for part in command]
    done = subprocess.run(
        [*WITHOUT_RIGHTS, sys.executable, "-m", "aigc_demo", *asked],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1
    assert str(folder) in done.stderr and setting in done.stderr and files(folder) == {}


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), PermissionError(13, "denied", "/a/b")]
)
def test_a_handler_of_the_page_says_it_in_the_same_sentence(monkeypatch, tmp_path, error):
    from types import SimpleNamespace

    import gradio as gr

    from aigc_demo.ui.page.context import polite

    class Tab:
        context = SimpleNamespace(settings=Settings(runs_dir=tmp_path), lang=lambda visitor: "zh")

        @polite
        def import_files(self, visitor):
            raise error

    warned = []
    monkeypatch.setattr(gr, "Warning", lambda text, **_: warned.append(text))
    Tab().import_files(None)
    assert warned == [in_words(error, Tab.context.settings).zh] and "请" in warned[0]
