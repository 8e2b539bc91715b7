"""Training while serving: the page answers clicks while a job of the real queue trains on the same machine."""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aigc_demo.bench.material import write_pictures
from aigc_demo.bench.measure import Comparison
from aigc_demo.bench.picture import clicks
from aigc_demo.cli.flags import Asked
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.jobs import Jobs, TrainRequest
from aigc_demo.models.family import trained

ROUNDS = 4
WINDOW = 15.0  # seconds
PERIOD = 0.5  # seconds from one click to the next
PATIENCE = 120.0  # seconds to wait for a line of the log
NAME = "bench"
STEPS = 8000  # more than there will be time for; the log gets a line every 20


def measure(asked: Asked) -> list[Comparison]:
    """In each round: clicks alone, training alone, then both."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary, clicks(asked) as click:
        settings = asked.settings.model_copy(update={"runs_dir": Path(temporary) / "runs"})
        data = write_pictures(asked, Path(temporary) / "digits")
        jobs = Jobs(settings)
        click_for(click, WINDOW / 3)  # the page loads torch and the model
        waits: dict[str, list[float]] = {"alone": [], "both": []}
        speeds: dict[str, list[float]] = {"alone": [], "both": []}
        for number in range(ROUNDS):
            print(f"bench serve: round {number + 1} of {ROUNDS} ...", file=sys.stderr, flush=True)
            waits["alone"].append(percentile(click_for(click, WINDOW)))
            with training(jobs, data):
                speeds["alone"].append(speed_during(jobs, lambda: time.sleep(WINDOW)))
                speeds["both"].append(
                    speed_during(jobs, lambda: waits["both"].append(percentile(click_for(click, WINDOW))))
                )
    return [
        Comparison(
            Text(
                "95th percentile of 64 digits while a job trains, two clicks a second, against the same without a job",
                "训练任务运行时生成 64 个数字的 95 百分位耗时（每秒点击两次），对照无训练时",
            ),
            "s",
            4,
            waits["both"],
            waits["alone"],
        ),
        Comparison(
            Text(
                "training a GAN while the page answers two clicks a second, against the same without clicks",
                "网页每秒响应两次点击时的 GAN 训练速度，对照无点击时",
            ),
            "steps/s",
            0.8,
            speeds["both"],
            speeds["alone"],
        ),
    ]


def click_for(click: Callable[[], None], duration: float) -> list[float]:
    """Click every PERIOD seconds; seconds from the moment a click was due to its answer, so that no queue is hidden."""
    start = time.perf_counter()
    waits = []
    for number in range(int(duration / PERIOD)):
        due = start + number * PERIOD
        time.sleep(max(0.0, due - time.perf_counter()))
        click()
        waits.append(time.perf_counter() - due)
    return waits


def percentile(waits: list[float], share: float = 0.95) -> float:
    """The least wait that is not exceeded by `share` of them."""
    return sorted(waits)[min(int(share * len(waits)), len(waits) - 1)]


@contextmanager
def training(jobs: Jobs, data: Path) -> Iterator[None]:
    """Queue the training, or go on with it; in the end stop it, and wait until it says so."""
    if (jobs.runs_dir / NAME).exists():
        jobs.resume(NAME)
    else:
        wishes = {
            "family": trained()[0].name,
            "data": str(data),
            "size": "small",
            "steps": STEPS,
            "save_every": STEPS,
        }
        jobs.submit(TrainRequest(name=NAME, **wishes))
    try:
        next_line(jobs)
        yield
    finally:
        if jobs.get(NAME).active:
            jobs.stop(NAME)
        deadline = time.monotonic() + PATIENCE
        while jobs.get(NAME).active and time.monotonic() < deadline:
            time.sleep(0.1)


def speed_during(jobs: Jobs, work: Callable[[], None]) -> float:
    """Steps a second, by the whole lines that the log gains while `work` goes on."""
    first = next_line(jobs)
    work()
    last = jobs.get(NAME).log()[-1]
    if last["step"] == first["step"]:
        last = next_line(jobs)
    return (last["step"] - first["step"]) / (last["seconds"] - first["seconds"])


def next_line(jobs: Jobs) -> dict[str, float]:
    """Wait for the log's next line."""
    seen = len(jobs.get(NAME).log())
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and (job := jobs.get(NAME)).active:
        if len(lines := job.log()) > seen:
            return lines[-1]
        time.sleep(0.02)
    cause = jobs.get(NAME).cause
    raise InputError(
        en=f"The training job wrote nothing to its log ({cause.en if cause else 'it is too slow'}).",
        zh=f"训练任务没有写入日志（{cause.zh if cause else '速度太慢'}）。",
    )
