"""One save, cut off anywhere: every prefix of its writes, flushes and renames leaves the old state or the new one."""

import errno
import itertools
import os
from pathlib import Path

import pytest
import torch

from aigc_demo.core import disk
from aigc_demo.core.disk import write_atomically
from aigc_demo.models.checkpoints import load_state, read_config, read_weights, save_state, save_weights

OLD, NEW = 4, 8


def save(run, step):
    """A state and the weights for use, as the loop saves them; every value tells the step."""
    save_state(run, {"step": step, "w": torch.full((50,), float(step))})
    save_weights(run, {"w": torch.full((30,), float(step))}, {"step": step})


class Recorder:
    """Stands between disk.py and the file system; keeps the calls of a save in order, and lets them through.

    A call is ("write", name, bytes), ("flush", name), ("rename", name, name), ("remove", name) or ("flush folder",).
    """

    def __init__(self, monkeypatch):
        self.calls, self.names = [], {}
        real = {
            "open": Path.open,
            "replace": Path.replace,
            "unlink": Path.unlink,
            "fsync": os.fsync,
            "os_open": os.open,
        }

        def open_file(path, mode="r", *args, **options):
            file = real["open"](path, mode, *args, **options)
            if "w" in mode:
                self.names[file.fileno()] = path.name
                self.calls.append(("write", path.name, b""))
                write = file.write
                file = Wrapped(
                    file, lambda data: self.calls.append(("write", path.name, bytes(data))) or write(data)
                )
            return file

        def open_folder(path, flags, *args, **options):
            number = real["os_open"](path, flags, *args, **options)
            self.names[number] = None
            return number

        def fsync(number):
            real["fsync"](number)
            name = self.names[number]
            self.calls.append(("flush", name) if name else ("flush folder",))

        def replace(path, target):
            self.calls.append(("rename", path.name, Path(target).name))
            return real["replace"](path, target)

        def unlink(path, missing_ok=False):
            self.calls.append(("remove", path.name))
            return real["unlink"](path, missing_ok=missing_ok)

        monkeypatch.setattr(Path, "open", open_file)
        monkeypatch.setattr(Path, "replace", replace)
        monkeypatch.setattr(Path, "unlink", unlink)
        monkeypatch.setattr(disk.os, "open", open_folder)
        monkeypatch.setattr(disk.os, "fsync", fsync)


class Wrapped:
    """A file whose writes are seen."""

    def __init__(self, file, write):
        self.file, self.write = file, write

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def __getattr__(self, name):
        return getattr(self.file, name)


def after_power_loss(before, calls, lazy_names):
    """The files on a disk that kept only what was flushed; unflushed renames happened or not, as `lazy_names` says.

    Data that were never flushed are gone: the file is empty, which is the worst that journalling file systems do.
    """
    durable = dict(before)  # name -> content, in the folder as the disk has it
    # in the folder as programs see it; content that has been flushed
    cached, flushed = (dict(before), dict(before))
    for call in calls:
        if call[0] == "write":
            cached[call[1]] = cached.get(call[1], b"") + call[2] if call[2] else b""
            flushed.setdefault(call[1], b"")
            if not call[2]:
                flushed[call[1]] = b""
        elif call[0] == "flush":
            flushed[call[1]] = cached[call[1]]
        elif call[0] == "rename":
            cached[call[2]], flushed[call[2]] = cached.pop(call[1]), flushed.pop(call[1])
        elif call[0] == "remove":
            cached.pop(call[1], None)
            flushed.pop(call[1], None)
        else:
            durable = {name: flushed[name] for name in cached}
    return durable if lazy_names else {name: flushed[name] for name in cached}


def test_every_prefix_of_a_save_leaves_the_old_or_the_new(tmp_path, monkeypatch):
    run = tmp_path / "run"
    save(run, 0)
    save(run, OLD)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    with monkeypatch.context() as patch:
        recorder = Recorder(patch)
        save(run, NEW)
    calls = recorder.calls
    assert {call[0] for call in calls} == {"write", "flush", "rename", "flush folder", "remove"}
    seen = set()
    for length, lazy in itertools.product(range(len(calls) + 1), (False, True)):
        folder = tmp_path / f"{length}-{lazy}"
        folder.mkdir()
        for name, content in after_power_loss(before, calls[:length], lazy).items():
            (folder / name).write_bytes(content)
        state, weights, config = load_state(folder), read_weights(folder), read_config(folder)
        assert (state["w"] == state["step"]).all()
        steps = (state["step"], int(weights["w"][0]), config["step"])
        assert set(steps) <= {OLD, NEW} and list(steps) == sorted(steps, reverse=True)
        assert weights["w"].unique().numel() == 1
        seen.add(steps)
    assert {(OLD, OLD, OLD), (NEW, OLD, OLD), (NEW, NEW, NEW)} <= seen


def test_the_replay_would_notice_a_missing_flush(tmp_path, monkeypatch):
    run = tmp_path / "run"
    save(run, OLD)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    with monkeypatch.context() as patch:
        recorder = Recorder(patch)
        save(run, NEW)
    careless = [call for call in recorder.calls if call[0] != "flush"]
    empty = [
        name
        for length in range(len(careless) + 1)
        for name, content in after_power_loss(before, careless[:length], False).items()
        if not content and not name.endswith(".tmp")
    ]
    assert empty


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_full_disk_at_each_call_leaves_the_old_state(tmp_path, monkeypatch, error):
    """Each opening, write, flush and rename of a save fails once; what was there before loads, and nothing is left over."""
    for position in itertools.count():
        run = tmp_path / str(position)
        save(run, 0)
        save(run, OLD)
        with monkeypatch.context() as patch:
            failing = FailAt(patch, position, error)
            if not failing.reached(lambda run=run: save(run, NEW)):
                break
        state = load_state(run)
        assert state["step"] in (OLD, NEW) and (state["w"] == state["step"]).all()
        assert read_weights(run)["w"].unique().numel() == 1 and read_config(run)["step"] in (OLD, NEW)
        assert not list(run.glob(".*.tmp"))
        save(run, NEW)  # room was made
        assert load_state(run)["step"] == NEW
    assert position >= 12


class FailAt:
    """The call number `position` to the file system fails."""

    def __init__(self, patch, position, error):
        self.left, self.error, self.failed = position, error, False
        for owner, name in ((Path, "open"), (Path, "replace"), (disk.os, "fsync")):
            patch.setattr(owner, name, self.wrap(getattr(owner, name)))

    def wrap(self, real):
        def call(*args, **options):
            if real.__name__ == "open" and "wb" not in args:
                return real(*args, **options)
            self.count()
            found = real(*args, **options)
            if real.__name__ == "open":
                return Wrapped(found, lambda data: self.count() or found.write(data))
            return found

        return call

    def count(self):
        self.left -= 1
        if self.left == -1:
            self.failed = True
            raise OSError(self.error, os.strerror(self.error))

    def reached(self, work):
        try:
            work()
        except OSError as error:
            assert error.errno == self.error
        return self.failed


def test_what_a_killed_writer_left_is_swept(tmp_path):
    (tmp_path / ".model.safetensors.123.tmp").write_bytes(b"half")
    write_atomically(tmp_path / "whole", b"x")
    disk.sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]
