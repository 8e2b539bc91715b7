"""The dry run's verdicts: on figures as they may be, and one that is measured."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.jobs import dry_run
from aigc_demo.jobs import estimate as estimate_module
from aigc_demo.jobs.estimate import estimate, judge, sizes, smaller

FIGURES = {
    "device": "cpu",
    "seconds_a_step": 0.1,
    "seconds": 50.0,
    "memory": 10**9,
    "memory_free": 10**10,
    "disk": 10**8,
    "disk_free": 10**10,
    "parameters": 10**6,
}


@pytest.mark.parametrize(
    ("changes", "verdict", "words", "suggestion"),
    [
        ({}, "fits", "can do it", None),
        ({"memory": 8 * 10**9}, "tight", "80% of the memory", {"batch_size": 13}),
        ({"memory": 2 * 10**10}, "will not fit", "2.0 times the memory", {"batch_size": 5}),
        (
            {"disk": 3 * 10**10},
            "will not fit",
            "3.0 times the disk space",
            {"size": "small", "batch_size": 0},
        ),
        ({"seconds": 48 * 3600.0}, "tight", "takes long", {"steps": 3}),
    ],
)
def test_verdicts(ask, changes, verdict, words, suggestion):
    request = ask(size="base", batch_size=16)
    found = judge(request, {**FIGURES, **changes}, examples=16)
    assert found.verdict == verdict and words in found.words("en") and found.words("zh") != found.words("en")
    wanted = request.model_copy(update=suggestion) if suggestion else None
    assert found.suggestion == wanted
    assert found.fields()["suggestion"] == (wanted.model_dump() if wanted else None)


def test_the_least_has_nothing_smaller(ask):
    assert smaller(ask(batch_size=4), 0.5, 4) is None
    assert smaller(ask(size="base", start="vae-digits", batch_size=4), 0.5, 4) is None


@pytest.mark.process
def test_a_measured_plan(ask, settings):
    found = estimate(ask(), settings)
    assert found.verdict == "fits" and found.suggestion is None and found.device == "cpu"
    assert found.seconds > 12 * found.seconds_a_step > 0 and found.parameters > 10_000
    assert 5e7 < found.memory < found.memory_free and 0 < found.disk < found.disk_free
    assert not settings.runs_dir.exists()


def test_a_plan_that_is_refused_says_why(ask, settings):
    with pytest.raises(InputError, match="no data cats"):
        estimate(ask().model_copy(update={"data": "cats"}), settings)


def test_a_plan_can_be_stopped(ask, settings):
    with pytest.raises(Stopped):
        estimate(ask(), settings, stop=lambda: True)


def test_a_process_that_was_killed_ran_out_of_memory(ask, settings, monkeypatch):
    class Killed(subprocess.Popen):
        def __init__(self, words, **options):
            super().__init__([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], **options)

    monkeypatch.setattr(estimate_module.subprocess, "Popen", Killed)
    found = estimate(ask(size="small", batch_size=16), settings)
    assert found.verdict == "will not fit" and "memory ran out" in found.words("en")
    assert found.suggestion.batch_size == 8


@pytest.mark.parametrize("family", ["gan", "vae", "transformer"])
def test_larger_presets_have_more_parameters(family):
    found = sizes(family)
    assert 10_000 < found["tiny"] < found["small"] < found["base"]


def test_a_step_is_the_mean_over_the_phases_of_a_run(monkeypatch):
    class Learner:
        phases = (0.75, 0.25)

        def step(self, progress, rate):
            return {"loss": 2.0 if progress < 0.75 else 6.0}

    monkeypatch.setattr(dry_run, "_seconds", lambda work: work())  # a step that takes as long as it says
    loop = SimpleNamespace(learner=Learner())
    assert dry_run._mean_step(loop) == 3
    del Learner.phases
    assert dry_run._mean_step(loop) == 2
