"""A sweep whose runs train in the test's own process: the real worker on a real family, one after the other."""

from contextlib import contextmanager

import pytest

from aigc_demo.core.settings import Settings
from aigc_demo.jobs import Jobs, TrainRequest
from aigc_demo.jobs.folder import find_folders
from aigc_demo.jobs.signals import StopSignals
from aigc_demo.jobs.sweep import SweepRequest, Sweeps
from aigc_demo.jobs.sweep.conduct import Conductor
from aigc_demo.jobs.worker import Worker

STORY = [
    f"On day {day} the {who} went to the {place}, and the {who} saw {count} {what} there. "
    for day in range(1, 120)
    for who, place, count, what in [
        (
            ["fox", "crow", "old hen", "miller"][day % 4],
            ["river", "mill", "hill"][day % 3],
            day * 7 % 11,
            ["boats", "apples", "stones", "lamps", "birds"][day % 5],
        )
    ]
]


@pytest.fixture
def settings(tmp_path):
    """Folders of the test's own."""
    places = {name: tmp_path / name for name in ("runs", "data", "outputs", "weights")}
    return Settings(device="cpu", offline=True, **{f"{name}_dir": path for name, path in places.items()})


@pytest.fixture
def story(tmp_path):
    """A text to learn from."""
    path = tmp_path / "story.txt"
    path.write_text("".join(STORY), "utf-8")
    return path


@pytest.fixture
def sweeps(settings):
    return Sweeps(settings)


def asked(story, vary=None, steps=6, name="tune", **plan):
    """A sweep of the smallest language model."""
    base = TrainRequest(family="transformer", data=str(story), name=name, size="tiny", steps=steps, batch_size=2, save_every=100)
    return SweepRequest(base=base, vary=vary or {"learning_rate": "0.002, 0.02"}, **plan)


@contextmanager
def conducted(settings, name):
    """Its conductor, which holds the lease and whose jobs nobody else starts."""
    with Jobs(settings).leases.device("cpu"), Sweeps(settings).lease(name):
        yield Conductor(settings, name)


def train_queued(settings):
    """Do what the process of the queued job would; its name, or "" where none is queued."""
    for folder in find_folders(settings.own_runs_dir):
        if folder.state().state == "queued":
            with Jobs(settings).leases.run(folder.path), StopSignals(folder) as signals:
                Worker(folder, folder.request(), settings, "cpu").work(signals)
            return folder.name
    return ""


def go_on(conductor, settings, turns=40):
    """Conduct and train by turns until something else than training is due; the names of the runs in their order."""
    done = []
    for _ in range(turns):
        acted = conductor.advance_once() if hasattr(conductor, "advance_once") else conductor.advance()
        if acted:
            return done
        if name := train_queued(settings):
            done.append(name)
    raise AssertionError(f"no end after {turns} turns: {done}")
