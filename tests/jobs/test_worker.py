"""Every end of a worker is true and said in words."""

import errno
import os

import pytest
import torch
from safetensors.torch import load_file, save_file

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

    def run(steps):
        folder = jobs.enqueue_here(request.model_copy(update={"steps": steps}))
        with StopSignals(folder) as signals:
            return Worker(folder, folder.request(), jobs.settings, "cpu").work(signals)

    assert run(12).state == "done" and jobs.get("mine").manifest()["licence"] == "CC0"
    write_json(data / "manifest.json", {"sha256": "two"})
    end = run(24)
    assert end.state == "failed" and "has changed since mine began" in end.cause.en


OTHERWISE = [
    (
        {"learning_rate": 0.01},
        r"with learning-rate 0.0 \(the preset's\), not 0.01; .* more --steps, or .* --name",
    ),
    ({"learning_rate": 0.01, "steps": 24}, "learning-rate"),
    ({"batch_size": 4}, "batch-size 8, not 4"),
    ({"kl_weight": 1.0}, "kl-weight 0.2, not 1.0"),
    ({"augment": "on"}, "augment auto, not on"),
    (
        {"steps": 6},
        r"trained to its last step \(12\), and 6 were asked for; ask for more --steps .* another --name",
    ),
    ({}, "trained to its last step"),
    ({"save_every": 2}, "trained to its last step"),
]


def test_a_trained_run_keeps_its_record_whatever_else_is_asked_under_its_name(work, jobs, ask):
    assert work().state == "done"
    before = {path: path.read_bytes() for path in (jobs.runs_dir / "mine").rglob("*") if path.is_file()}
    for fields, words in OTHERWISE:
        with pytest.raises(InputError, match=words) as caught:
            jobs.enqueue_here(ask(**fields))
        assert "mine" in caught.value.text.zh and "--name" in caught.value.text.zh
    assert before == {
        path: path.read_bytes() for path in (jobs.runs_dir / "mine").rglob("*") if path.is_file()
    }
    assert work(steps=24).state == "done" and jobs.get("mine").step == 24
    card = (jobs.runs_dir / "mine" / "README.md").read_text("utf-8")
    assert "--steps 24" in card and "| Steps done · 已完成步数 | 24 |" in card


def test_a_run_that_was_stopped_goes_on_with_its_own_settings_only(jobs, ask, settings):
    folder = jobs.enqueue_here(ask(steps=100, save_every=2))
    with StopSignals(folder) as signals:
        stop = lambda progress: progress.step >= 5 and folder.run.stop.set()  # noqa: E731
        assert Worker(folder, folder.request(), settings, "cpu", stop).work(signals).state == "stopped"
    done = folder.run.steps_done()
    record = (folder.path / "train.json").read_bytes()
    for fields, words in [
        ({"steps": 100, "learning_rate": 0.01}, f"has done {done} steps with learning-rate"),
        ({"steps": done}, f"has done {done} steps, and {done} were asked for"),
        ({"steps": 1}, "and 1 were asked for; ask for more --steps"),
    ]:
        with pytest.raises(InputError, match=words):
            jobs.enqueue_here(ask(**{"save_every": 2, **fields}))
    assert (folder.path / "train.json").read_bytes() == record
    assert jobs.check(ask(steps=100, save_every=50), go_on=True)


def test_a_run_that_has_done_nothing_may_begin_with_a_smaller_batch(jobs, ask):
    folder = jobs.enqueue_here(ask(batch_size=4096))
    folder.update(state="failed")
    assert jobs.enqueue_here(ask(batch_size=8)).request().batch_size == 8
    with pytest.raises(InputError, match="seed"):
        jobs.enqueue_here(ask(seed=1))


def test_a_card_tells_of_the_weights_that_lie_beside_it(jobs, ask, settings):
    folder = jobs.enqueue_here(ask(steps=12))
    with StopSignals(folder) as signals:
        Worker(folder, folder.request(), settings, "cpu").work(signals)
    folder = jobs.enqueue_here(ask(steps=40))

    def crash(progress):
        if progress.step == 19:
            raise ZeroDivisionError

    with StopSignals(folder) as signals:
        assert Worker(folder, folder.request(), settings, "cpu", crash).work(signals).state == "failed"
    card = (folder.path / "README.md").read_text("utf-8")
    assert "| Steps done · 已完成步数 | 16 |" in card and jobs.get("mine").figures() == {}


def test_a_measure_that_fails_does_not_make_the_run_fail(work, monkeypatch, jobs):
    monkeypatch.setattr(worker_module, "evaluate", lambda *_: 1 / 0)
    assert work().state == "done"
    assert jobs.get("mine").usable and jobs.get("mine").figures() == {}
    assert "ZeroDivisionError" in jobs.get("mine").tail()


@pytest.mark.parametrize("family", ["vae", "gan"])
@pytest.mark.parametrize(("train", "held_out"), [(13, 1), (40, 7), (4, 1)])
def test_nothing_is_concluded_from_a_few_held_out_pictures(
    jobs, ask, settings, prepared, tmp_path, family, train, held_out
):
    arrays = load_file(prepared["vae"] / "images.safetensors")
    few = {"train_images": train, "train_labels": train, "test_images": held_out, "test_labels": held_out}
    data = tmp_path / "few"
    data.mkdir()
    (data / "source.json").write_bytes((prepared["vae"] / "source.json").read_bytes())
    save_file(
        {name: arrays[name][:count].contiguous() for name, count in few.items()}, data / "images.safetensors"
    )
    request = ask(family, steps=3).model_copy(update={"data": str(data)})
    folder = jobs.enqueue_here(request)
    with StopSignals(folder) as signals:
        assert Worker(folder, folder.request(), settings, "cpu").work(signals).state == "done"
    told = {name for line in jobs.get("mine").log() for name in line} | set(jobs.get("mine").figures())
    assert not {name for name in told if "held_out" in name or name in ("active_units", "elbo_nats")}
    assert ("diversity" in told) == (family == "gan" and train >= 8) and jobs.get("mine").events() == []
    card = (folder.path / "README.md").read_text("utf-8")
    assert ("No figure says how good it is" in card) == (not jobs.get("mine").figures())
