"""ZeroGPU: what crosses to a forked worker and back. The package `spaces` is emulated (stand_in/), the models are real."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aigc_demo.runtime import zero_gpu

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


@pytest.fixture(scope="module")
def scenes(debug_models):
    """What the scenes told, in a process of their own that forks before torch has threads, which a fork would lose."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(HERE / "stand_in"), str(ROOT)]),
        "SPACES_ZERO_GPU": "true",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "tests.runtime.zero_gpu.scenes", str(debug_models)]
    done = subprocess.run(
        command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_models_of_this_disk_are_loaded_before_the_launch(scenes):
    assert {"gan-digits", "gpt-poems", "vae-digits"} <= set(scenes["loaded"]) <= set(scenes["cards"])


def test_the_worker_answers_as_this_process_would(scenes):
    assert scenes["same pictures"]
    assert scenes["same poems"]


def test_it_is_the_worker_that_computes(scenes):
    assert len(scenes["pids"]) == 1
    assert scenes["own pid"] not in scenes["pids"]


def test_an_error_in_the_worker_keeps_its_sentences(scenes):
    assert scenes["refusal"] == scenes["refusal here"]
    assert "dragon" in scenes["refusal"][0]
    assert "dragon" in scenes["refusal"][1]


def test_the_closer_look_at_a_model_crosses(scenes):
    assert scenes["crossed"] == ["make_images", "write_text", "make_images", "look_closer"]
    assert scenes["probe"] == scenes["probe here"]
    assert scenes["probe"] and scenes["probe"] != scenes["refusal"]


def test_a_stop_ends_a_verb_that_yields_and_one_that_is_silent(scenes):
    assert scenes["answers"] == 6
    assert scenes["progress"] == [0.5]
    assert scenes["stopped after"] < 10
    assert scenes["waiting"] == 0


def test_elsewhere_there_is_no_worker():
    assert not zero_gpu.on_zero_gpu({})
    assert zero_gpu.on_zero_gpu({"SPACES_ZERO_GPU": "true"})


def test_a_pretrained_model_asks_for_more_of_the_quota():
    from aigc_demo.schemas import ImageRequest

    own, hub = ImageRequest(model="gan-digits"), ImageRequest(model="someone/ddpm")
    assert zero_gpu.seconds(None, {"request": own}, None) < zero_gpu.seconds(None, {"request": hub}, None)
