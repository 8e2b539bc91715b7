"""A model of the picker as a folder for Spaces: what is in it, that it runs as Spaces would start it, how it gets there."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from aigc_demo import publish
from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings, published
from aigc_demo.hub.records import fetched
from aigc_demo.models.cards import front_matter
from aigc_demo.models.family import kinds
from aigc_demo.pretrained.allow_list import ARCHITECTURES, PIPELINES
from aigc_demo.publish.check import LARGEST, check_files, check_folder, copy_checkout, run_block
from aigc_demo.publish.readme import front_matter as matter_of
from aigc_demo.publish.requirements import packages_of
from tests.checkpoints import keep_card
from tests.publish.spaces_hub import TOKEN, SpacesHub

ROOT = Path(__file__).parents[2]
SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def run(settings, write_debug_model):
    """A run of one's own with what training leaves beside the model."""
    folder = settings.runs_dir / "mine"
    folder.mkdir(parents=True)
    write_debug_model(folder, "gan-digits", 5)
    (folder / "state-10.safetensors").write_bytes(b"private")
    (folder / "log.jsonl").write_text("{}")
    return "runs/mine"


@pytest.fixture
def space(run, settings, tmp_path):
    """That run as a folder."""
    publish.publish(run, tmp_path / "space", settings)
    return tmp_path / "space"


def names(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_run_goes_along_without_data_log_and_state(space):
    models = {name for name in names(space) if name.startswith(("runs/", "weights/"))}
    assert models == {"runs/mine/README.md", "runs/mine/config.json", "runs/mine/model.safetensors"}
    assert not [name for name in names(space) if "__pycache__" in name]


def test_spaces_reads_its_fields(space):
    check_files(space)
    matter = front_matter((space / "README.md").read_text("utf-8"))
    assert matter["sdk_version"] == "6.31.0" and matter["python_version"] == "3.12.12"
    assert matter["suggested_hardware"] == "cpu-basic" and matter["license"] == "mit"


def test_the_folder_shows_the_tabs_of_its_model(space):
    assert published(space / "space.json") == {"tabs": "image,walk,verify"}


def test_a_broken_space_json_is_a_sentence(space):
    (space / "space.json").write_text('{"settings": 3')
    with pytest.raises(InputError, match="publish the folder anew"):
        published(space / "space.json")


def test_packages_are_pinned_and_only_those_needed(space):
    lines = (space / "requirements.txt").read_text().splitlines()[1:]
    assert all(re.match(r"^[\w-]+==[\d.]+$", line) for line in lines)
    packages = {line.partition("==")[0] for line in lines}
    assert "torch" in packages and not packages & {"gradio", "transformers", "diffusers", "peft", "pydantic"}


def test_the_readme_says_how_to_run_it(space):
    assert run_block(space)[-1] == "python app.py"


def test_every_kind_of_model_has_its_packages():
    classes = {*ARCHITECTURES.values(), *PIPELINES.values()}
    assert all(kinds()[name][1].packages for name in classes)
    assert {"transformers", "diffusers", "peft", "sentencepiece"} <= set(packages_of(None))


def test_a_model_of_the_hub_is_pinned_and_found_at_its_commit(settings, tmp_path):
    hub_dir = tmp_path / "hub"
    snapshot = hub_dir / "models--someone--llama" / "snapshots" / SHA
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    keep_card(settings, snapshot, "someone/llama", "transformer", "causal_lm", ("text", "chat"), revision=SHA)
    plan = publish.publish("someone/llama", tmp_path / "space", settings)
    assert matter_of(plan)["preload_from_hub"] == [f"someone/llama config.json {SHA}"]
    assert plan.tabs == ("text", "chat", "verify") and "transformers" in plan.packages
    assert not [name for name in names(tmp_path / "space") if name.endswith(".safetensors")]
    there = Settings(
        weights_dir=tmp_path / "space" / "weights", data_dir=tmp_path / "elsewhere", hub_dir=hub_dir
    )
    assert [card.id for card in fetched(there) if card.folder == snapshot] == ["someone/llama"]


def test_an_adapter_brings_its_base(settings, tmp_path):
    snapshot = tmp_path / "snapshot"
    snapshot.mkdir()
    (snapshot / "config.json").write_text("{}")
    keep_card(settings, snapshot, "someone/llama", "transformer", "causal_lm", ("text", "chat"), revision=SHA)
    folder = settings.runs_dir / "tuned"
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(b"")
    (folder / "config.json").write_text("{}")
    card = "family: transformer, kind: lora, base: someone/llama, tasks: [], parameters: 1, licence: MIT, data: own"
    words = "title: {en: tuned, zh: tuned}, summary: {en: tuned, zh: tuned}"
    (folder / "README.md").write_text(f"---\naigc: {{{card}, {words}}}\n---\n")
    plan = publish.publish("runs/tuned", tmp_path / "space", settings)
    assert [card.id for card in plan.pinned] == ["someone/llama"] and "peft" in plan.packages
    assert (
        plan.example["fields"]["adapter"] == "runs/tuned"
        and plan.example["fields"]["model"] == "someone/llama"
    )


def test_the_whole_app(settings, tmp_path):
    plan = publish.publish("", tmp_path / "space", settings)
    check_files(tmp_path / "space")
    assert plan.tabs == () and (tmp_path / "space" / "weights" / "gpt-poems").is_dir()
    assert not (tmp_path / "space" / "aigc_demo" / "bench").exists()
    environment = {**os.environ, "PYTHONPATH": ""}
    asked = [sys.executable, "-m", "aigc_demo", "bench", "start"]
    done = subprocess.run(asked, check=False, capture_output=True, cwd=tmp_path / "space", env=environment)
    assert done.returncode == 2 and b"published without bench" in done.stderr


def test_a_zip_for_the_browser(run, settings, tmp_path):
    with zipfile.ZipFile(publish.publish_zip(run, tmp_path / "out", settings)) as archive:
        assert "runs-mine/app.py" in archive.namelist()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["runs-mine-space.zip"]


def test_what_cannot_be_published(run, settings, space):
    with pytest.raises(InputError, match="new or empty"):
        publish.publish(run, space, settings)
    with pytest.raises(InputError, match="no model"):
        publish.publish("runs/other", space.parent / "other", settings)
    public = settings.model_copy(update={"mode": "spaces"})
    with pytest.raises(InputError, match="own machine"):
        publish.publish(run, space.parent / "other", public)
    assert not (space.parent / "other").exists()


@pytest.mark.parametrize("name", ["app.py", "space.json", "LICENSE"])
def test_a_folder_that_lacks_a_file(space, name):
    (space / name).unlink()
    with pytest.raises(InputError, match=re.escape(name)):
        publish.check_folder(space)


def test_a_file_that_the_hub_would_not_take(space):
    with (space / "runs/mine/large.safetensors").open("wb") as file:
        file.truncate(LARGEST)
    check_files(space)  # .gitattributes keeps weights in the storage for large files
    (space / "runs/mine/large.safetensors").rename(space / "aigc_demo/large.bin")
    with pytest.raises(InputError, match=r"aigc_demo/large\.bin has 10 MB or more"):
        check_files(space)


@pytest.mark.parametrize(
    ("pin", "fits"), [("gradio==6.31.*  # the page", True), ("gradio==6.30.0", False), ("gradio", False)]
)
def test_gradio_may_be_pinned_twice_only_alike(space, pin, fits):
    with (space / "requirements.txt").open("a") as file:
        file.write(f"{pin}\n")
    if fits:
        check_files(space)
    else:
        with pytest.raises(InputError, match="another version than sdk_version"):
            check_files(space)


def test_the_repository_itself_is_a_space(tmp_path):
    """All but the fresh environment: that takes minutes, and `publish --check .` does it."""
    check_files(ROOT)
    assert run_block(ROOT)[-2:] == ["pip install -r requirements.txt", "python app.py"]
    copy_checkout(ROOT, tmp_path / "app")
    copied = names(tmp_path / "app")
    assert {"app.py", "README.md", "weights/gpt-poems/model-00001-of-00002.safetensors"} <= copied
    assert not [
        name
        for name in copied
        if name.startswith((".venv", ".git/", "runs/", "data/")) or "__pycache__" in name
    ]


@pytest.mark.server
def test_the_repository_starts_as_spaces_would_and_generates_labelled():
    assert "trainedAlgorithmicMedia" in check_folder(ROOT, Path(sys.executable))


@pytest.mark.server
def test_the_folder_starts_as_spaces_would_and_generates_labelled(space):
    """In this environment; the slow test below makes a fresh one by the README's own commands."""
    said = publish.check_folder(space, Path(sys.executable))
    assert "/generate_image" in said and "trainedAlgorithmicMedia" in said


@pytest.mark.slow
def test_the_folder_starts_in_a_fresh_environment(space):
    """Fetches torch and all the rest: gigabytes."""
    assert "labelled" in publish.check_folder(space)


def command(settings, *arguments, **variables):
    """`python -m aigc_demo publish` as a person types it."""
    environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"} | {
        "AIGC_WEIGHTS_DIR": str(settings.weights_dir),
        "AIGC_RUNS_DIR": str(settings.runs_dir),
        **variables,
    }
    asked = [sys.executable, "-m", "aigc_demo", "publish", *arguments, "--json"]
    return subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_it_is_uploaded_as_a_space_where_there_is_a_token(run, settings, tmp_path):
    out = tmp_path / "space"
    with SpacesHub() as hub:
        variables = {
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": TOKEN,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HOME": str(tmp_path),
        }
        done = command(settings, "--model", run, "--out", str(out), "--space", "someone/digits", **variables)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["url"] == f"{hub.url}/spaces/someone/digits"
    assert hub.created[0]["type"] == "space" and hub.created[0]["sdk"] == "gradio"
    assert set(hub.files) == names(out)
    assert hub.files["runs/mine/model.safetensors"] == (out / "runs/mine/model.safetensors").read_bytes()


def test_a_wrong_token_is_a_sentence(run, settings, tmp_path):
    with SpacesHub() as hub:
        variables = {"HF_ENDPOINT": hub.url, "HF_TOKEN": "hf_wrong", "HF_HOME": str(tmp_path)}
        done = command(
            settings, "--model", run, "--out", str(tmp_path / "a"), "--space", "someone/digits", **variables
        )
    assert done.returncode == 2 and "does not let this token write" in done.stderr


def test_without_a_token_the_commands_are_told(run, settings, tmp_path, capsys, monkeypatch):
    from aigc_demo.__main__ import main

    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("AIGC_WEIGHTS_DIR", str(settings.weights_dir))
    monkeypatch.setenv("AIGC_RUNS_DIR", str(settings.runs_dir))
    assert main(["publish", "--model", run, "--out", str(tmp_path / "b"), "--space", "me/b"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("hf upload me/b ")
