"""How a run is asked to end: within two seconds of a stop, eight of SIGTERM, at any moment; always saved, always true."""

import os
import random
import signal
import time

import pytest

from aigc_demo.models.checkpoints import load_state
from tests.jobs.conftest import FAMILIES, wait_until


def ended(jobs, name="mine"):
    return any(job.name == name and not job.active for job in jobs.list())


def seconds_until_stopped(jobs, wish):
    """From the wish to the end in job.json."""
    began = time.monotonic()
    wish()
    wait_until(lambda: ended(jobs), "the end")
    return time.monotonic() - began


def stop_at(jobs, start, ask, family, moments):
    """Stop a run so many seconds after it began, once for each of `moments`, then while it trains; it goes on each time."""
    request = ask(family, steps=2000, save_every=1000)
    latest = 0
    for moment in [*moments, None]:
        process = start(request)
        wait_until(lambda: jobs.list() and jobs.list()[0].active, "the start")
        if moment is None:
            wait_until(lambda seen=latest: jobs.get("mine").step > seen, "training")
        else:
            process.join(moment)
        assert seconds_until_stopped(jobs, lambda: jobs.stop("mine")) <= 2.0, f"after {moment} s"
        process.join()
        assert jobs.get("mine").state == "stopped" and jobs.get("mine").cause is None
        if state := load_state(jobs.get("mine").folder):
            assert state["step"] == jobs.get("mine").step >= latest
            latest = state["step"]
    assert latest > 0


@pytest.mark.parametrize("family", FAMILIES)
def test_stop_within_two_seconds(jobs, start, ask, family):
    stop_at(jobs, start, ask, family, moments=[])


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_stop_within_two_seconds_seven_times(jobs, start, ask, family):
    moments = random.Random(3)
    stop_at(jobs, start, ask, family, [moments.uniform(0, 8) for _ in range(6)])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_leaves_within_eight_seconds(jobs, start, ask, number):
    process = start(ask(steps=2000, save_every=1000))
    wait_until(lambda: jobs.list() and jobs.list()[0].step > 2, "training")
    began = time.monotonic()
    os.kill(process.pid, number)
    process.join()
    assert time.monotonic() - began <= 8.0 and process.exitcode == 0
    job = jobs.get("mine")
    assert job.state == "stopped" and load_state(job.folder)["step"] == job.step > 2


def test_a_signal_before_training_ends_at_once(jobs, start, ask, settings, monkeypatch):
    lease = jobs.leases.device("cpu")
    with lease:  # the run waits for its turn
        process = start(ask())
        wait_until(lambda: jobs.list() and jobs.get("mine").position == 1, "the queue")
        os.kill(process.pid, signal.SIGTERM)
        process.join()
    assert jobs.get("mine").state == "stopped" and load_state(jobs.get("mine").folder) is None


def test_stop_takes_a_waiting_job_out_of_the_queue(jobs, start, ask):
    with jobs.leases.device("cpu"):
        process = start(ask())
        wait_until(lambda: jobs.list() and jobs.get("mine").position == 1, "the queue")
        jobs.stop("mine")
        process.join()
    assert jobs.get("mine").state == "stopped"
