"""Visitors of a public page: names, folders, the sweep, and forgetting; no server is needed for these."""

import json
import os
import subprocess
import sys
import time

import pytest

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.jobs import Jobs
from aigc_demo.jobs.folder import JobFolder
from aigc_demo.jobs.queue import VISITORS_SHARE
from aigc_demo.jobs.request import TrainRequest
from aigc_demo.runtime import registry
from aigc_demo.server import COOKIE, Gate, Visitors, visitor_of
from aigc_demo.server import visitors as store
from aigc_demo.server.visitor_names import new_token
from tests.loops import complete

A, B = (visitor_of({COOKIE: new_token()}) for _ in range(2))
HOUR = 3600


@pytest.fixture
def visitors(tmp_path):
    folders = {f"{name}_dir": tmp_path / name for name in ("runs", "data", "outputs")}
    return Visitors(Settings(mode="share", allow_training=True, weights_dir=tmp_path / "weights", **folders))


def write_run(settings, name, state="done", data="digits"):
    """A run folder as a worker leaves it, as far as the list of jobs and of models is concerned."""
    folder = JobFolder(settings.own_runs_dir / name)
    folder.write_request(TrainRequest(name=name, family="gan", data=data))
    folder.update(state=state, queued_at=time.time(), ended_at=time.time())
    return folder


def write_set(settings, name):
    (settings.own_data_dir / name).mkdir(parents=True)
    (settings.own_data_dir / name / "texts.jsonl").write_text("{}")


def files_below(folder):
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_a_name_hides_its_secret_and_a_foreign_cookie_is_none():
    token = new_token()
    name = visitor_of({COOKIE: token}, "abc")
    assert name == visitor_of({COOKIE: token}, "another session") and name.startswith("c")
    assert token not in name
    assert visitor_of({COOKIE: "short"}, "abc") == visitor_of({}, "abc") != visitor_of({}, "abd")
    assert visitor_of({}) == ""


def test_each_sees_their_own_and_the_owners_models_but_not_the_owners_jobs(visitors, tmp_path):
    a, b, owner = visitors.settings(A), visitors.settings(B), visitors.settings("")
    for settings, name in ((a, "mine"), (b, "mine"), (owner, "theirs")):
        write_run(settings, name)
    assert [job.name for job in Jobs(a).list()] == ["mine"]
    assert [job.name for job in Jobs(owner).list()] == ["theirs"]
    assert Jobs(a).get("mine").folder != Jobs(b).get("mine").folder
    assert a.own_data_dir != b.own_data_dir
    assert registry.trained(a) == []  # none has weights
    assert visitors.folder(A) != visitors.folder(B)
    local = Visitors(Settings(outputs_dir=tmp_path / "outputs"))
    assert local.folder(A) == tmp_path / "outputs"
    assert local.settings(A).own_runs_dir == local.settings("").runs_dir


def test_jobs_of_all_visitors_wait_in_one_queue(visitors):
    a, b = visitors.settings(A), visitors.settings(B)
    with Jobs(a).leases.device("cpu"):
        for settings in (a, b):
            write_run(settings, "mine", state="queued")
        [first], [second] = Jobs(a).list(), Jobs(b).list()
    assert (first.position, second.position) == (1, 2)


def test_forgetting_leaves_nothing_of_one_and_all_of_the_other(visitors, tmp_path):
    for name in (A, B):
        own = visitors.settings(name)
        write_run(own, "mine", state="queued" if name == A else "done")
        write_set(own, "set")
        (visitors.folder(name) / "picture.png").write_bytes(name.encode())
        upload = visitors.folder("") / (name[1:] * 2) / "photo.jpg"
        upload.parent.mkdir(parents=True)
        upload.write_bytes(name.encode())
        visitors.keep_uploads(name, [upload])
    before = {path for path in files_below(tmp_path) if B in str(path) or B[1:] * 2 in str(path)}
    with Jobs(visitors.settings(A)).leases.device("cpu"):  # it waits, and would start elsewhere
        visitors.forget(A)
    left = set(files_below(tmp_path))
    assert left == before
    assert not [path for path in tmp_path.rglob("*") if A in str(path)]
    with pytest.raises(ValueError, match="no visitor"):
        visitors.forget("..")


def test_a_file_that_two_uploaded_stays_until_both_are_gone(visitors):
    upload = visitors.folder("") / ("ab" * 32) / "same.jpg"
    upload.parent.mkdir(parents=True)
    upload.write_bytes(b"x")
    for name in (A, B):
        visitors.keep_uploads(name, [upload])
    visitors.forget(A)
    assert upload.exists()
    assert not visitors.may_fetch(A, upload)
    visitors.forget(B)
    assert not upload.parent.exists()


def test_a_run_that_trains_is_stopped_before_it_is_deleted(visitors):
    own = visitors.settings(A)
    folder = write_run(own, "mine", state="running")
    work = (
        "import sys, time; from pathlib import Path; from filelock import FileLock\n"
        "with FileLock(sys.argv[1]):\n print(flush=True)\n while not Path(sys.argv[2]).exists(): time.sleep(.01)"
    )
    lease = Jobs(own).leases.run(folder.path).lock_file
    stop = folder.run.stop.path
    with subprocess.Popen([sys.executable, "-c", work, lease, str(stop)], stdout=subprocess.PIPE) as worker:
        worker.stdout.readline()
        visitors.forget(A)
        assert worker.wait(timeout=10) == 0
    assert not folder.path.exists()


def test_the_sweep_takes_what_is_old_and_spares_what_is_used(visitors):
    own = visitors.settings(A)
    for name in ("used", "unused"):
        write_set(own, name)
    write_run(own, "ended")
    write_run(own, "waiting", state="queued", data="used")
    old = visitors.folder(A) / "picture.png"
    old.write_bytes(b"x")
    with Jobs(own).leases.device("cpu"):
        visitors.sweep()
        assert old.exists()
        assert len(list(own.own_data_dir.iterdir())) == 2
        visitors.sweep(now=time.time() + HOUR + 60)
    assert not old.parent.exists()
    assert [path.name for path in own.own_data_dir.iterdir()] == ["used"]
    assert not (own.own_runs_dir / "ended").exists()
    assert (own.own_runs_dir / "waiting").exists()


def test_the_sweep_takes_the_oldest_of_who_has_too_much(visitors, monkeypatch):
    monkeypatch.setattr(store, "SHARE", 250)
    for age, name in enumerate("abc"):
        path = visitors.folder(A) / f"{name}.png"
        path.write_bytes(bytes(100))
        os.utime(path, (time.time() - age, time.time() - age))
    visitors.sweep()
    assert sorted(path.name for path in visitors.folder(A).iterdir()) == ["a.png", "b.png"]


def test_a_visitor_has_a_share_of_the_queue(visitors):
    own = visitors.settings(A)
    with Jobs(own).leases.device("cpu"):
        for number in range(VISITORS_SHARE):
            write_run(own, f"run-{number}", state="queued")
        with pytest.raises(InputError, match="running or waiting"):
            Jobs(own).submit(TrainRequest(name="more", family="gan", data="digits"))
        Jobs(own).stop("run-0")
        assert len([job for job in Jobs(own).list() if job.active]) == VISITORS_SHARE - 1


def test_the_sweep_of_ones_own_machine_takes_nothing(tmp_path):
    (tmp_path / "outputs" / A).mkdir(parents=True)
    (tmp_path / "outputs" / A / "old").write_text("x")
    Visitors(Settings(outputs_dir=tmp_path / "outputs")).sweep(now=time.time() + 1e6)
    assert (tmp_path / "outputs" / A / "old").exists()


def ask(gate, path, cookie="", method="GET", https=False):
    """What the gate answers to a request: its status, headers and body."""
    headers = [(b"cookie", f"{COOKIE}={cookie}".encode())] if cookie else []
    headers += [(b"x-forwarded-proto", b"https")] if https else []
    scope = {"type": "http", "path": path, "method": method, "headers": headers, "scheme": "http"}
    sent = []

    async def send(message):
        sent.append(message)

    complete(gate(scope, None, send))
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


def app_that_says(body):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return app


def test_the_gate_gives_a_cookie_once_and_keeps_files_to_their_owner(visitors):
    gate = Gate(app_that_says(b"file"), visitors)
    token, other = new_token(), new_token()
    _, headers, _ = ask(gate, "/")
    cookie = headers[b"set-cookie"].decode()
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert "SameSite=None; Partitioned" in ask(gate, "/", https=True)[1][b"set-cookie"].decode()
    assert b"set-cookie" not in ask(gate, "/", cookie=token)[1]
    for path in (
        f"/o/{visitor_of({COOKIE: token})}/x.png",
        f"/o/a/../{visitor_of({COOKIE: token}).upper()}/x",
    ):
        assert ask(gate, f"/gradio_api/file={path}", cookie=token)[0] == 200
        assert ask(gate, f"/gradio_api/file={path}", cookie=other)[0] == 404
        assert ask(gate, f"/gradio_api/file={path}")[0] == 404
        assert ask(gate, f"/gradio_api/file/{path}", cookie=other)[0] == 404
    assert ask(gate, f"/gradio_api/file=/o/{visitor_of({}, 'session')}/x.png", cookie=other)[0] == 200


def test_the_gate_remembers_who_uploaded(visitors):
    gate = Gate(app_that_says(json.dumps(["/o/abc/photo.jpg"]).encode()), visitors)
    token, other = new_token(), new_token()
    ask(gate, "/gradio_api/upload", cookie=token, method="POST")
    assert ask(gate, "/gradio_api/file=/o/abc/photo.jpg", cookie=token)[0] == 200
    assert ask(gate, "/gradio_api/file=/o/./abc/photo.jpg", cookie=other)[0] == 404
    refused = Gate(app_that_says(b"too large"), visitors)
    assert ask(refused, "/gradio_api/upload", cookie=token, method="POST")[2] == b"too large"
