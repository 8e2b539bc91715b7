"""A sweep whose runs train in the test's own process: the real worker on a real family, one after the other."""

import pytest

from aigc_demo.core.settings import Settings
from aigc_demo.jobs import Jobs, TrainRequest
from aigc_demo.jobs.folder import find_folders
from aigc_demo.jobs.signals import StopSignals
from aigc_demo.jobs.sweep import SweepRequest, Sweeps
from aigc_demo.jobs.sweep.conduct import Conductor
from aigc_demo.jobs.worker import Worker

WHO = ["fox", "crow", "old hen", "miller"]
WHERE = ["river", "mill", "hill"]
WHAT = ["boats", "apples", "stones", "lamps", "birds"]
STORY = "".join(
    f"On day {day} the {WHO[day % 4]} went to the {WHERE[day % 3]}, and saw {day * 7 % 11} {WHAT[day % 5]} there. "
    for day in range(1, 120)
)


def settings_in(folder):
    """Folders of the test's own."""
    places = {f"{name}_dir": folder / name for name in ("runs", "data", "outputs", "weights")}
    return Settings(device="cpu", offline=True, **places)


def write_story(folder):
    """A text to learn from."""
    path = folder / "story.txt"
    path.write_text(STORY, "utf-8")
    return path


def asked(story, vary=None, steps=3, name="tune", **plan):
    """A sweep of the smallest language model."""
    base = TrainRequest(
        family="transformer",
        data=str(story),
        name=name,
        size="tiny",
        steps=steps,
        batch_size=2,
        save_every=100,
    )
    return SweepRequest(base=base, vary=vary or {"learning_rate": "0.0001, 0.02"}, **plan)


def train_queued(settings):
    """Do what the process of the queued job would; its name, or "" where none is queued."""
    for folder in find_folders(settings.own_runs_dir):
        if folder.state().state == "queued":
            with Jobs(settings).leases.run(folder.path), StopSignals(folder) as signals:
                Worker(folder, folder.request(), settings, "cpu").work(signals)
            return folder.name
    return ""


def go_on(settings, name, runs=10**6):
    """Conduct and train by turns, to the end or until so many runs have ended; the names of the runs in their order."""
    done = []
    with Sweeps(settings).lease(name):
        conductor = Conductor(settings, name)
        conductor.folder.update(state="running")
        while len(done) < runs and not conductor.advance():
            done += [trained] if (trained := train_queued(settings)) else []
    return done


@pytest.fixture(scope="session")
def alone():
    """No queue starts a process: what is queued trains here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Jobs, "dispatch", lambda jobs: None)
        yield
