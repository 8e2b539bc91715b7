"""Flags over variables over defaults."""

import os
import subprocess
import sys

import pytest

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import ROOT, Settings, prepare_environment, read_settings, settings_from


def test_defaults():
    found = read_settings([], {})
    assert found == Settings()
    assert (found.mode, found.device, found.offline, found.weights_dir) == (
        "local",
        "auto",
        False,
        ROOT / "weights",
    )


def test_flags_win_over_variables():
    environment = {"AIGC_DEVICE": "cpu", "AIGC_MEMORY_MB": "100", "AIGC_OFFLINE": "1", "AIGC_LANG": "zh"}
    found = read_settings(["--memory-mb", "200"], environment)
    assert (found.device, found.memory_mb, found.offline, found.lang) == ("cpu", 200, True, "zh")


def test_an_empty_variable_is_none():
    assert settings_from({}, {"AIGC_DEVICE": ""}).device == "auto"


def test_a_space_is_recognised_and_can_be_overruled():
    assert settings_from({}, {"SYSTEM": "spaces"}).mode == "spaces"
    assert settings_from({}, {"SYSTEM": "spaces", "AIGC_MODE": "local"}).mode == "local"


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"memory_mb": "-1"}, "memory_mb"),
        ({"device": "tpu"}, "device"),
        ({"mode": "public"}, "mode"),
        ({"x": 1}, "x"),
    ],
)
def test_a_bad_value_is_a_sentence_that_names_it(values, name):
    with pytest.raises(InputError) as caught:
        settings_from(values, {})
    assert name in caught.value.text.en and name in caught.value.text.zh
    assert "\n" not in caught.value.text.en


def test_what_must_stand_before_torch_is_imported():
    code = (
        "import os\n"
        "from aigc_demo.core.settings import Settings, prepare_environment\n"
        "prepare_environment(Settings(offline=True))\n"
        "print(os.environ['OMP_WAIT_POLICY'], os.environ['HF_HUB_OFFLINE'], os.environ['GRADIO_ANALYTICS_ENABLED'])\n"
    )
    clean = {"PATH": os.environ["PATH"], "OMP_WAIT_POLICY": "ACTIVE"}
    run = subprocess.run(
        [sys.executable, "-c", code], env=clean, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["ACTIVE", "1", "False"]  # what the user set stays


def test_nothing_is_changed_once_torch_is_there(monkeypatch):
    import torch  # noqa: F401

    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    prepare_environment(Settings(offline=True))
    assert os.environ["HF_HUB_OFFLINE"] == "0"
