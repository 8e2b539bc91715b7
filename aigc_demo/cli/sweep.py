"""sweep: many trainings that differ in one to three settings; the best is chosen on one half of what is held out and tested on the other.

Ctrl-C stops it, the run under way saved; `sweep resume NAME` goes on.
"""

import signal
import sys
import time
from typing import Any

from aigc_demo.cli.flags import Answer, Asked, values_of
from aigc_demo.cli.look import printable, table
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text, label_of
from aigc_demo.jobs import TrainRequest
from aigc_demo.jobs.lease import take
from aigc_demo.jobs.sweep import Sweep, SweepRequest, Sweeps
from aigc_demo.jobs.sweep.conduct import Conductor
from aigc_demo.jobs.sweep.report import fields, verdict, write_report
from aigc_demo.jobs.sweep.request import SweepPlan
from aigc_demo.jobs.sweep.space import shown
from aigc_demo.jobs.sweep.sweeps import run_name
from aigc_demo.schemas import check

PAUSE = 2.0  # seconds between two lines of progress
SAVING = Text("Saving, then ending.", "正在保存并结束。")
HEAD = (Text("sweep", "搜索"), Text("family", "家族"), Text("data", "数据"), Text("state", "状态"))
RUN, STATE, SECONDS = Text("run", "训练"), Text("state", "状态"), Text("seconds", "秒")


def start(asked: Asked) -> Answer:
    """Begin a sweep and wait for its end, or leave it in the background."""
    base = check(TrainRequest, values_of(TrainRequest, asked.flags))
    plan = values_of(SweepPlan, asked.flags)
    request = check(SweepRequest, {**plan, "base": base, "vary": dict(map(_vary, asked.flags.vary))})
    sweeps = Sweeps(asked.settings)
    name = sweeps.submit(request, start=asked.flags.detach)
    if not asked.flags.detach:
        _conduct(sweeps, name, asked)
    return _told(sweeps.get(name), asked.lang)


def _vary(text: str) -> tuple[str, str]:
    name, equals, values = text.partition("=")
    if not equals:
        raise InputError(
            en=f"--vary {text[:60]} names no values; write it as learning_rate=0.01,0.02.",
            zh=f"--vary {text[:60]} 没有写取值；请写成 learning_rate=0.01,0.02 的形式。",
        )
    return name.strip().replace("-", "_"), values


def _conduct(sweeps: Sweeps, name: str, asked: Asked) -> None:
    """Conduct it in this process; a signal stops it once the run under way is saved."""
    lease = sweeps.lease(name)
    take(lease)
    conductor = Conductor(asked.settings, name, Meter(asked.lang).show)

    def hear(*_: Any) -> None:
        conductor.folder.stop.set()
        print(SAVING.say(asked.lang), file=sys.stderr, flush=True)

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        state = conductor.work()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        lease.release()
    if state.state == "failed" and state.cause:
        raise InputError.of(state.cause)


class Meter:
    """Lines of progress on standard error, whenever a run begins or ends and not more than one in PAUSE seconds."""

    def __init__(self, lang: str) -> None:
        self.lang, self.said, self.at = lang, "", -PAUSE

    def show(self, sweep: Sweep) -> None:
        """Print how far it is, where that has changed."""
        running = next((job for job in sweep.jobs if job and job.active), None)
        line = sweep.words(self.lang) + (f" · {running.name}: {running.words(self.lang)}" if running else "")
        if line != self.said and time.monotonic() - self.at >= PAUSE:
            self.said, self.at = line, time.monotonic()
            print(line, file=sys.stderr, flush=True)


def show_all(asked: Asked) -> Answer:
    """Every sweep, those that run first."""
    found = Sweeps(asked.settings).list()
    rows = [
        (sweep.name, sweep.request.base.family, sweep.request.base.data, sweep.words(asked.lang))
        for sweep in found
    ]
    head = [name.say(asked.lang) for name in HEAD]
    return Answer({"sweeps": [fields(sweep) for sweep in found]}, table([head, *rows]))


def show(asked: Asked) -> Answer:
    """One sweep."""
    return _told(Sweeps(asked.settings).get(asked.flags.name), asked.lang)


def stop(asked: Asked) -> Answer:
    """Stop it, and the run under way."""
    Sweeps(asked.settings).stop(asked.flags.name)
    return _done(asked, Text("{name} is asked to stop.", "{name} 将停止。"))


def resume(asked: Asked) -> Answer:
    """Go on in the background."""
    sweeps = Sweeps(asked.settings)
    sweeps.resume(asked.flags.name)
    return _told(sweeps.get(asked.flags.name), asked.lang)


def tidy(asked: Asked) -> Answer:
    """Delete all runs but the best."""
    count = Sweeps(asked.settings).tidy(asked.flags.name)
    words = Text(f"{count} runs of {{name}} are deleted.", f"已删除 {{name}} 的 {count} 次训练。")
    return _done(asked, words, deleted=count)


def delete(asked: Asked) -> Answer:
    """Delete the sweep; its runs stay."""
    Sweeps(asked.settings).delete(asked.flags.name)
    return _done(
        asked, Text("{name} is deleted; its runs are still there.", "{name} 已删除；各次训练仍保留。")
    )


def export(asked: Asked) -> Answer:
    """Write the table as a labelled file."""
    sweep = Sweeps(asked.settings).get(asked.flags.name)
    if asked.flags.out is None or asked.flags.out.suffix.lower() not in (".csv", ".json"):
        raise InputError(
            en="Name the file to write, such as --out sweep.csv or --out sweep.json.",
            zh="请指定要写入的文件，例如 --out sweep.csv 或 --out sweep.json。",
        )
    path = str(write_report(sweep, asked.flags.out))
    return Answer({"files": [path]}, path)


def _done(asked: Asked, words: Text, **facts: Any) -> Answer:
    return Answer({"name": asked.flags.name, **facts}, words.format(name=asked.flags.name).say(asked.lang))


def _told(sweep: Sweep, lang: str) -> Answer:
    """State, table and verdict."""
    names = list(sweep.points[0])
    head = [RUN.say(lang), *(label_of(TrainRequest, name).say(lang) for name in names)]
    head += [sweep.goal.figure, SECONDS.say(lang), STATE.say(lang)]
    best, rows = sweep.best(), []
    for place, (point, job) in enumerate(zip(sweep.points, sweep.jobs, strict=True)):
        figure = sweep.figure(place)
        values = [shown(point[name]) for name in names]
        said = "" if figure is None else f"{figure:.4g}{' *' if place == best else ''}"
        state = job.words(lang) if job else "–"
        rows.append((run_name(sweep.name, place), *values, said, f"{job.seconds:.0f}" if job else "", state))
    lines = [f"{sweep.name}: {sweep.words(lang)}", "", table([head, *rows]), "", verdict(sweep).say(lang)]
    return Answer(fields(sweep), "\n".join(map(printable, "\n".join(lines).splitlines())))
