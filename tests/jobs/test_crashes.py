"""kill -9 at random moments: nothing corrupt, one save interval lost at most, the same bits in the end."""

import random

import pytest

from aigc_demo.jobs.folder import JobFolder
from aigc_demo.models.checkpoints import load_state, read_weights
from aigc_demo.models.run_folder import RunFolder
from tests.jobs.conftest import FAMILIES, ONE_FAMILY, wait_until


def contents(run):
    """What must not depend on how often a run was killed."""
    return {
        "weights": (run / "model.safetensors").read_bytes(),
        "config": (run / "config.json").read_bytes(),
        "state": without_seconds(load_state(run)),
        "log": [drop_times(line) for line in RunFolder(run).log()],
        "samples": {path.name for path in RunFolder(run).samples()},
    }


def without_seconds(state):
    """The state as text, without the wall time."""
    state.pop("seconds")
    return {name: value.tolist() if hasattr(value, "tolist") else value for name, value in flat(state)}


def flat(value, path=""):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from flat(item, f"{path}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from flat(item, f"{path}/{index}")
    else:
        yield path, value


def drop_times(line):
    return {name: value for name, value in line.items() if name not in ("seconds", "per_second")}


def check_after_a_kill(jobs, request):
    """Whatever the moment: the state loads, at most one interval is lost, and the job says what happened to it."""
    run = jobs.runs_dir / request.name
    state = load_state(run)
    done = max((line["step"] for line in RunFolder(run).log()), default=0)
    assert done - (state["step"] if state else 0) <= request.save_every
    if (run / "model.safetensors").exists() and (run / "config.json").exists():
        assert read_weights(run)
    if (run / "train.json").exists():
        job = jobs.get(request.name)
        assert job.state in ("queued", "interrupted", "done")
        assert (job.state == "interrupted") == bool(job.cause)


def kill_often(jobs, start, ask, family, kills, seed):
    """A run that is never killed beside runs that are, `kills` times in all."""
    moments = random.Random(seed)
    start(ask(family, "whole")).join()
    whole = jobs.get("whole")
    assert whole.state == "done", whole.words("en") + whole.tail()
    wanted, seconds = contents(whole.folder), whole.ended_at - whole.queued_at
    killed, ended, broken = 0, 0, ask(family, "broken-0")
    while killed < kills:
        process = start(broken)
        process.join(moments.uniform(0, seconds))
        if process.is_alive():
            process.kill()
            process.join()
            killed += 1
            check_after_a_kill(jobs, broken)
        else:
            assert contents(jobs.runs_dir / broken.name) == wanted
            ended += 1
            broken = ask(family, f"broken-{ended}")
    start(broken).join()
    assert jobs.get(broken.name).state == "done"
    assert contents(jobs.runs_dir / broken.name) == wanted


@pytest.mark.parametrize("family", ONE_FAMILY)
def test_kill_nine_twice(jobs, start, ask, family):
    kill_often(jobs, start, ask, family, kills=2, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_kill_nine_34_times(jobs, start, ask, family):
    kill_often(jobs, start, ask, family, kills=34, seed=2)


def test_a_killed_run_says_so_and_resumes_in_the_background(jobs, start, ask, kill_jobs):
    process = start(ask(steps=2000))
    wait_until(lambda: jobs.list() and jobs.list()[0].step > 4, "training")
    assert jobs.get("mine").state == "running"
    process.kill()
    process.join()
    job = jobs.get("mine")
    assert (
        job.state == "interrupted"
        and job.can_resume
        and "resume" in job.words("en")
        and "继续" in job.words("zh")
    )
    step = job.step
    jobs.resume("mine")
    assert jobs.get("mine").state == "running"
    wait_until(lambda: jobs.get("mine").step > step, "going on")


def test_a_run_keeps_the_precision_it_began_with(jobs, start, ask):
    """What pays is measured, and a busy machine may measure otherwise: a run that goes on does not ask again."""
    folder = JobFolder(jobs.runs_dir / "mine")
    process = start(ask(steps=2000))
    wait_until(lambda: jobs.list() and jobs.list()[0].step > 4, "training")
    jobs.stop("mine")
    process.join()
    other = {"float32": "bfloat16", "bfloat16": "float32"}[folder.state().precision]
    folder.update(precision=other)
    process = start(ask(steps=2000))
    wait_until(lambda: jobs.get("mine").step > folder.run.steps_done(), "going on")
    jobs.stop("mine")
    process.join()
    assert folder.state().state == "stopped" and folder.state().precision == other
