"""Every end of a worker is true and said in words."""

import errno
import os

import pytest
import torch

from aigc_demo.core.disk import write_json
from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.jobs import worker as worker_module
from aigc_demo.jobs.folder import JobFolder
from aigc_demo.jobs.signals import StopSignals
from aigc_demo.jobs.worker import Worker


@pytest.fixture
def work(jobs, ask, settings):
    """Do a job in this process; its end."""

    def run(**fields):
        folder = jobs.enqueue_here(ask(**fields))
        with StopSignals(folder) as signals:
            return Worker(folder, folder.request(), settings, "cpu").work(signals)

    return run


FAILURES = [
    (InputError(en="No.", zh="不行。"), "failed", "No."),
    (OSError(errno.ENOSPC, "full"), "failed", "the disk is full"),
    (MemoryError(), "failed", "memory ran out"),
    (torch.OutOfMemoryError("CUDA"), "failed", "memory ran out"),
    (RuntimeError("DefaultCPUAllocator: not enough memory"), "failed", "memory ran out"),
    (ZeroDivisionError(), "failed", "ZeroDivisionError"),
    (KeyboardInterrupt(), "stopped", ""),
    (Stopped(), "stopped", ""),
]


@pytest.mark.parametrize(("error", "state", "words"), FAILURES, ids=lambda value: type(value).__name__)
def test_an_error_becomes_an_end_with_its_cause(work, monkeypatch, jobs, error, state, words):
    def fail(*_):
        raise error

    monkeypatch.setattr(worker_module, "make_learner", fail)
    end = work()
    assert end.state == state and words in (end.cause.en if end.cause else "")
    assert jobs.get("mine").words("zh").startswith({"failed": "失败", "stopped": "已停止"}[state])
    if isinstance(error, ZeroDivisionError):
        assert "ZeroDivisionError" in jobs.get("mine").tail()


def test_a_full_disk_while_training_keeps_the_save_and_resumes(work, monkeypatch, jobs, settings):
    real, calls = os.fsync, []

    def fsync(number):
        calls.append(number)
        if len(calls) == 20:
            raise OSError(errno.ENOSPC, "full")
        real(number)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        end = work()
    assert end.state == "failed" and "make room, then resume" in end.cause.en
    folder = JobFolder(jobs.runs_dir / "mine")
    assert jobs.get("mine").can_resume and not list(folder.path.glob(".*.tmp"))
    with StopSignals(folder) as signals:
        assert Worker(folder, folder.request(), settings, "cpu").work(signals).state == "done"
    job = jobs.get("mine")
    assert job.step == job.steps == 12 and job.usable and job.figures()


def test_the_card_of_a_stopped_run_is_of_its_last_save(jobs, ask, settings):
    folder = jobs.enqueue_here(ask(steps=100, save_every=2))
    cards = []

    def show(progress):
        if (folder.path / "README.md").exists():
            cards.append((folder.path / "README.md").read_text("utf-8"))
        if progress.step >= 5:
            folder.run.stop.set()

    with StopSignals(folder) as signals:
        assert Worker(folder, folder.request(), settings, "cpu", show).work(signals).state == "stopped"
    step = jobs.get("mine").step
    card = (folder.path / "README.md").read_text("utf-8")
    assert f"| {step} |" in card and card != cards[0]


def test_data_that_have_changed_are_not_mixed(work, jobs, ask, prepared, tmp_path):
    data = tmp_path / "mine"
    data.mkdir()
    for path in prepared["vae"].iterdir():
        (data / path.name).write_bytes(path.read_bytes())
    write_json(data / "manifest.json", {"sha256": "one", "licence": "CC0"})
    request = ask().model_copy(update={"data": str(data)})

    def run():
        folder = jobs.enqueue_here(request)
        with StopSignals(folder) as signals:
            return Worker(folder, request, jobs.settings, "cpu").work(signals)

    assert run().state == "done" and jobs.get("mine").manifest()["licence"] == "CC0"
    write_json(data / "manifest.json", {"sha256": "two"})
    end = run()
    assert end.state == "failed" and "has changed since mine began" in end.cause.en


def test_a_measure_that_fails_does_not_make_the_run_fail(work, monkeypatch, jobs):
    monkeypatch.setattr(worker_module, "evaluate", lambda *_: 1 / 0)
    assert work().state == "done"
    assert jobs.get("mine").usable and jobs.get("mine").figures() == {}
    assert "ZeroDivisionError" in jobs.get("mine").tail()
