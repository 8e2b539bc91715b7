"""The queue: order, places, survival; what is refused; the truth about what runs."""

import os
import shutil
import signal
import subprocess
import sys
from itertools import pairwise

import pytest

from aigc_demo.core.disk import write_json
from aigc_demo.core.errors import InputError
from aigc_demo.core.processes import clean_environment
from aigc_demo.core.settings import ROOT, read_settings
from aigc_demo.jobs import Jobs
from aigc_demo.jobs.folder import JobFolder
from aigc_demo.jobs.job import duration, last_line
from aigc_demo.jobs.spawn import flags_of
from tests.jobs.conftest import free_port, wait_until


@pytest.fixture
def busy(jobs):
    """A device that somebody else trains on."""
    with jobs.leases.device("cpu"):
        yield


def states(jobs):
    return {job.name: job.state for job in jobs.list()}


def test_jobs_wait_in_order_and_one_at_a_time_trains(jobs, ask, kill_jobs):
    for name in ("first", "second", "third"):
        jobs.submit(ask(name=name, steps=6, save_every=3), seconds=30)
    wait_until(lambda: set(states(jobs).values()) == {"done"}, "the end of the queue")
    found = sorted(jobs.list(), key=lambda job: job.started_at)
    assert [job.name for job in found] == ["first", "second", "third"]
    assert all(before.ended_at <= after.started_at for before, after in pairwise(found))
    assert all(job.usable and job.figures() and job.step == 6 for job in found)
    assert found[0].words("en") == "done, step 6 of 6" and found[0].words("zh") == "已完成，第 6/6 步"


def test_the_queue_survives_whoever_asked(jobs, settings, ask, busy):
    jobs.submit(ask(name="a"), seconds=60)
    jobs.submit(ask(name="b"), seconds=30)
    jobs.submit(ask(name="c"))
    again = Jobs(settings).list()  # as after a restart: nothing is kept in memory
    assert [(job.name, job.position, job.wait_seconds) for job in again] == [
        ("a", 1, 0),
        ("b", 2, 60),
        ("c", 3, 90),
    ]
    assert again[1].words("en") == "waiting, place 2, starts in about 60 s"
    assert again[1].words("zh") == "排队中，第 2 位，约 60 秒后开始"
    jobs.stop("a")
    assert states(jobs) == {"b": "queued", "c": "queued", "a": "stopped"}
    jobs.resume("a")
    assert [job.name for job in jobs.list()] == ["b", "c", "a"]


def test_what_is_refused_before_it_is_queued(jobs, ask, busy, settings):
    jobs.submit(ask())
    for request, words in [
        (ask(), "The name mine is taken"),
        (ask(name="other").model_copy(update={"data": "cats"}), "no data cats"),
        (ask(name="other", start="nothing"), "no model nothing"),
    ]:
        with pytest.raises(InputError, match=words):
            jobs.submit(request)
    public = Jobs(settings.model_copy(update={"mode": "share"}))
    with pytest.raises(InputError, match="There is no data"):
        public.submit(ask(name="other"))  # a path of the server's disk
    assert list(states(jobs)) == ["mine"]


def test_a_name_is_taken_unless_it_goes_on(jobs, ask, busy):
    jobs.submit(ask())
    jobs.stop("mine")
    with pytest.raises(InputError, match="taken"):
        jobs.submit(ask())
    with pytest.raises(InputError, match="seed 7, not 8"):
        jobs.submit(ask(seed=8), go_on=True)
    jobs.submit(ask(steps=50), go_on=True)
    assert jobs.get("mine").steps == 50 and jobs.get("mine").state == "queued"


@pytest.mark.parametrize("name", ["", ".", "..", "../mine", "/etc", "a/b", "nobody", "x" * 400, "CON\0"])
def test_odd_names_are_a_sentence(jobs, name):
    for verb in (jobs.get, jobs.stop, jobs.resume, jobs.save_now, jobs.sample_now, jobs.delete):
        with pytest.raises(InputError, match="no training run"):
            verb(name)


def test_wishes_that_make_no_sense_are_a_sentence(jobs, ask, busy):
    jobs.submit(ask())
    for verb in (jobs.save_now, jobs.sample_now):
        with pytest.raises(InputError, match="not training"):
            verb("mine")
    with pytest.raises(InputError, match="stop it first"):
        jobs.resume("mine")
    jobs.stop("mine")
    with pytest.raises(InputError, match="not training"):
        jobs.stop("mine")


def test_delete_takes_a_run_with_all_its_files(jobs, ask, busy):
    jobs.submit(ask())
    with jobs.leases.run(jobs.runs_dir / "mine"), pytest.raises(InputError, match="stop it first"):
        jobs.delete("mine")
    jobs.delete("mine")
    assert jobs.list() == [] and not list(jobs.runs_dir.glob("mine*"))
    assert not [path for path in jobs.leases.folder.iterdir() if path.is_dir()]


def test_running_without_a_lease_is_interrupted(jobs, ask, busy):
    jobs.submit(ask())
    folder = JobFolder(jobs.runs_dir / "mine")
    folder.update(state="running", pid=os.getpid())
    with jobs.leases.run(jobs.runs_dir / "mine"):
        assert jobs.get("mine").state == "running"
    job = jobs.get("mine")
    assert job.state == "interrupted" and "断电" in job.words("zh") and job.ended_at
    assert folder.state().state == "interrupted"


def test_damaged_folders_do_not_take_the_others_away(jobs, ask, busy):
    for name in ("good", "torn", "odd", "bare"):
        jobs.submit(ask(name=name))
    (jobs.runs_dir / "torn" / "job.json").write_text("{")
    (jobs.runs_dir / "odd" / "train.json").write_text("[1]")
    (jobs.runs_dir / "bare" / "train.json").unlink()
    (jobs.runs_dir / "file").write_text("")
    assert states(jobs) == {"good": "queued", "torn": "interrupted"}
    with pytest.raises(InputError):
        jobs.get("odd")


def test_save_and_sample_are_granted_while_it_trains(jobs, ask, kill_jobs):
    jobs.submit(ask(steps=100_000, save_every=100_000))
    wait_until(lambda: jobs.get("mine").step > 1, "training")
    samples, folder = len(jobs.get("mine").samples()), jobs.get("mine").folder
    jobs.sample_now("mine")
    jobs.save_now("mine")
    wait_until(lambda: len(jobs.get("mine").samples()) > samples, "samples")
    wait_until(lambda: len(list(folder.glob("state-*"))) > 1, "a save")
    wait_until(lambda: jobs.get("mine").usable, "a model while it trains")


def test_a_job_that_fails_says_why(jobs, ask, prepared, kill_jobs, tmp_path):
    data = tmp_path / "tall"
    shutil.copytree(prepared["vae"], data)
    (data / "images.safetensors").write_bytes(b"nothing")
    jobs.submit(ask().model_copy(update={"data": str(data)}))
    wait_until(lambda: not jobs.get("mine").active, "the end")
    job = jobs.get("mine")
    assert job.state == "failed" and job.cause and job.cause.en and job.cause.zh
    assert job.can_resume and not job.usable


def test_kill_nine_of_the_app_leaves_the_job_and_the_queue(jobs, ask, settings, kill_jobs, debug_models):
    with jobs.leases.device("cpu"):
        jobs.submit(ask(name="long", steps=100_000, save_every=50))
        jobs.submit(ask(name="next", steps=4))
    app = subprocess.Popen(
        [
            sys.executable,
            "app.py",
            *flags_of(settings.model_copy(update={"weights_dir": debug_models}), "cpu"),
        ],
        cwd=ROOT,
        env={**os.environ, "GRADIO_SERVER_PORT": str(free_port())},
        start_new_session=True,
    )
    try:
        wait_until(lambda: app.poll() or jobs.get("long").step > 1, "the app to start what was queued")
    finally:
        os.killpg(app.pid, signal.SIGKILL)  # with all that belongs to it
        app.wait()
    job = jobs.get("long")
    assert job.state == "running" and jobs.get("next").position == 1
    wait_until(lambda: jobs.get("long").step > job.step, "training without the app")
    jobs.stop("long")
    wait_until(lambda: jobs.get("next").state == "done", "the next in the queue")
    assert jobs.get("long").state == "stopped"


def test_kill_nine_of_a_worker_does_not_stall_the_queue(jobs, ask, kill_jobs):
    jobs.submit(ask(name="long", steps=100_000))
    jobs.submit(ask(name="next", steps=4))
    wait_until(lambda: jobs.get("long").step > 1, "training")
    os.kill(jobs.get("long").status.pid, signal.SIGKILL)
    wait_until(lambda: states(jobs) == {"long": "interrupted", "next": "done"}, "the next in the queue")


def test_a_worker_is_told_no_secrets():
    environment = {
        "HF_TOKEN": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "OPENAI_API_KEY": "x",
        "PATH": "p",
        "RANK": "1",
    }
    known = clean_environment({**environment, "PYTHONPATH": "here"})
    assert known["PATH"] == "p" and known["PYTHONPATH"].endswith("here")
    assert not {"HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "RANK"} & set(known)


def test_settings_go_through_flags(settings):
    assert read_settings(flags_of(settings, "cpu"), {}) == settings


def test_the_last_line_of_a_log(tmp_path):
    path = tmp_path / "log.jsonl"
    assert last_line(path) == {}
    path.write_text('{"step": 1}\n' * 5000 + '{"step": 2}\n{"st')
    assert last_line(path) == {"step": 2}
    write_json(path, [1])
    assert last_line(path) == {}


def test_durations_read_well():
    assert [duration(s, "en") for s in (5, 200, 7200)] == ["5 s", "3 min", "2.0 h"]
    assert duration(200, "zh") == "3 分钟"
