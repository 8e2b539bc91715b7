"""train: a job in this very process, in the same queue as those of the page; --detach starts it in the background.

Ctrl-C, `jobs stop`, or SIGTERM ends it after the step under way, saved. The same command goes on from there.
"""

import os
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from aigc_demo.cli.flags import Answer, Asked, values_of
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.jobs import Job, Jobs, TrainRequest
from aigc_demo.jobs.job import last_line
from aigc_demo.schemas import check

if TYPE_CHECKING:  # the command line does not wait for torch to print its help
    from aigc_demo.training import Progress

SAVING = Text("Saving, then ending; once more to end at once.", "正在保存并结束；再按一次立即退出。")
TOOK = Text("{seconds:.0f} s", "{seconds:.0f} 秒")
LEFT = Text("{seconds:.0f} s left", "剩余 {seconds:.0f} 秒")
DONE = Text("{job.model} is trained: {job.folder}", "{job.model} 训练完成：{job.folder}")
STOPPED = Text(
    "{job.model} stopped at step {job.step} of {job.steps}; the same command goes on.",
    "{job.model} 停在第 {job.step} 步，共 {job.steps} 步；再次运行同一命令即可继续。",
)
PAUSE = 2.0  # seconds between two lines of progress


def train(asked: Asked) -> Answer:
    """Train, or go on, and wait for the end; progress goes to standard error."""
    request = check(TrainRequest, values_of(TrainRequest, asked.flags))
    if asked.flags.plan:
        return plan(request, asked)
    jobs = Jobs(asked.settings)
    if asked.flags.detach:
        return told(jobs.get(jobs.submit(request, go_on=True)), asked.lang)
    return _train_here(jobs, request, asked.lang)


def plan(request: TrainRequest, asked: Asked) -> Answer:
    """Take a few steps and say what the whole run would take."""
    from aigc_demo.jobs.estimate import estimate

    found = estimate(request, asked.settings)
    return Answer(found.fields(), found.words(asked.lang))


def _train_here(jobs: Jobs, request: TrainRequest, lang: str) -> Answer:
    from aigc_demo.jobs.foreground import train_here

    meter, talks = Meter(lang), os.environ.get("RANK", "0") == "0"

    def saving() -> None:
        if talks:
            print(SAVING.say(lang), file=sys.stderr, flush=True)

    state, signalled = train_here(
        jobs,
        request,
        show=meter.show if talks else lambda progress: None,
        waiting=meter.wait,
        saving=saving,
    )
    if signalled:
        raise KeyboardInterrupt
    if state.state == "failed" and state.cause:
        raise InputError.of(state.cause)
    return told(jobs.get(request.name), lang) if talks else Answer()


@dataclass
class Meter:
    """Lines of progress on standard error, not more than one in PAUSE seconds, with the time left."""

    lang: str
    first: "Progress | None" = None
    shown: float = field(default=-PAUSE)

    def show(self, progress: "Progress") -> None:
        """Print a line if it is time for one."""
        self.first = self.first or progress
        if self._is_time() or progress.step == progress.steps:
            print(self.line(progress), file=sys.stderr, flush=True)

    def wait(self, job: Job) -> None:
        """Print where in the queue the job is, if it is time."""
        if self._is_time():
            print(job.words(self.lang), file=sys.stderr, flush=True)

    def line(self, progress: "Progress") -> str:
        """Such as "150/500 · 12 s · 28 s left · loss 1.23"."""
        took = TOOK.format(seconds=progress.seconds).say(self.lang)
        figures = [f"{name} {value:.4g}" for name, value in progress.figures.items()]
        return " · ".join([f"{progress.step}/{progress.steps}", took, *self.left(progress), *figures])

    def left(self, progress: "Progress") -> list[str]:
        """The time to go at the pace since this process began; nothing before there is a pace."""
        start = self.first or progress
        steps, seconds = progress.step - start.step, progress.seconds - start.seconds
        if not steps:
            return []
        return [LEFT.format(seconds=(progress.steps - progress.step) * seconds / steps).say(self.lang)]

    def _is_time(self) -> bool:
        now = time.monotonic()
        if now - self.shown < PAUSE:
            return False
        self.shown = now
        return True


def told(job: Job, lang: str) -> Answer:
    """What there is to say of a job."""
    other = Text(f"{job.model}: {job.words('en')}", f"{job.model}：{job.words('zh')}")
    words = {"done": DONE.format(job=job), "stopped": STOPPED.format(job=job)}.get(job.state, other)
    return Answer(fields(job), words.say(lang))


def fields(job: Job) -> dict[str, Any]:
    """A job as one JSON object."""
    last = last_line(job.folder / "log.jsonl")
    return {
        "model": job.model,
        "name": job.name,
        "folder": str(job.folder),
        "state": job.state,
        "cause": asdict(job.cause) if job.cause else None,
        "step": job.step,
        "steps": job.steps,
        "seconds": job.seconds,
        "seconds_left": job.seconds_left,
        "position": job.position,
        "wait_seconds": job.wait_seconds,
        "device": job.device,
        "figures": {name: value for name, value in last.items() if name not in ("step", "seconds")},
        "evaluation": job.figures(),
        "request": job.request.model_dump(),
    }
