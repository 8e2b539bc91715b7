"""The sweeps of the owner, or of the visitor whom the settings name: ask for one, look, stop, resume, delete.

A sweep is conducted by a process of its own (conduct.py), whose lease says that it works; its runs are ordinary jobs.
"""

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.core.words import Text
from aigc_demo.jobs.job import Job, duration
from aigc_demo.jobs.lease import Leases, is_held
from aigc_demo.jobs.queue import Jobs
from aigc_demo.jobs.request import TrainRequest
from aigc_demo.jobs.spawn import flags_of, start_process
from aigc_demo.jobs.sweep.decide import Standing
from aigc_demo.jobs.sweep.folder import SWEEPS, SweepFolder, SweepState, find_sweeps
from aigc_demo.jobs.sweep.request import SweepRequest
from aigc_demo.jobs.sweep.space import Point, parse, points
from aigc_demo.models.family import Goal, family
from aigc_demo.schemas import check

LONGEST_NAME = 56  # characters: the runs' names are the sweep's with -01 and so on behind
ACTIVE = ("waiting", "running", "testing")
BEGINS = 60.0  # seconds in which a sweep's process has begun, if it ever does
STATES = {
    "waiting": Text("beginning", "即将开始"),
    "running": Text("running", "进行中"),
    "testing": Text("testing the best run", "正在测试最好的一次"),
    "done": Text("done", "已完成"),
    "stopped": Text("stopped", "已停止"),
    "failed": Text("failed", "失败"),
    "interrupted": Text("interrupted", "意外中断"),
}
VANISHED = Text(
    en="its process ended without a word (killed, or the power went); resume goes on from what is on the disk.",
    zh="搜索进程意外消失（被终止或断电）；点“继续”即可从磁盘上的进度接着进行。",
)
UNSTARTED = Text(
    en="its process could not be started; worker.log in the sweep's folder says why.",
    zh="无法启动搜索进程；原因见搜索文件夹中的 worker.log。",
)


@dataclass(frozen=True)
class Sweep:
    """A sweep as it is now. `jobs` are its runs, None for those that are not begun."""

    folder: Path
    request: SweepRequest
    points: Sequence[Point]
    jobs: Sequence[Job | None]
    status: SweepState
    result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The sweep's name."""
        return self.folder.name

    @property
    def goal(self) -> Goal:
        """What the best is chosen by."""
        return goal_of(self.request.base.family)

    @property
    def active(self) -> bool:
        """Whether its process works."""
        return self.status.state in ACTIVE

    @property
    def can_resume(self) -> bool:
        """Whether something is left to do."""
        return self.status.state in ("stopped", "failed", "interrupted")

    @property
    def spent(self) -> float:
        """Seconds that its runs have taken, from their processes' beginnings to their ends."""
        return sum(taken(job) for job in self.jobs if job)

    def figure(self, place: int) -> float | None:
        """A finished run's figure on the half that chooses."""
        job = self.jobs[place]
        value = job.figures().get(self.goal.figure) if job and job.state == "done" else None
        return float(value) if isinstance(value, int | float) else None

    def best(self) -> int | None:
        """The place of the best run so far; of equals the earlier. None where none has a figure."""
        found = [
            (value, place) for place in range(len(self.points)) if (value := self.figure(place)) is not None
        ]
        sign = 1 if self.goal.lower else -1
        return min(found, key=lambda pair: (sign * pair[0], pair[1]))[1] if found else None

    def standings(self) -> list[Standing]:
        """How far its runs are, as decide.py reads them."""
        return [self._standing(place, job) for place, job in enumerate(self.jobs)]

    def _standing(self, place: int, job: Job | None) -> Standing:
        if job is None:
            return Standing(steps=self.request.base.steps)
        logged = self.goal.logged
        return Standing(
            state=job.state,
            step=job.step,
            steps=job.steps,
            looks={line["step"]: float(line[logged]) for line in job.log() if logged in line},
            seconds=taken(job),
            tries=self.status.tries.get(place, 0),
            left_out=place in self.status.left_out,
        )

    def words(self, lang: str) -> str:
        """The state, such as "running, 3 of 12 runs, 4 min so far"."""
        ended = sum(job is not None and not job.active for job in self.jobs)
        took = duration(self.spent, lang)
        said = Text(
            f"{STATES[self.status.state].en}, {ended} of {len(self.points)} runs, {took}",
            f"{STATES[self.status.state].zh}，{ended}/{len(self.points)} 次训练，用时 {took}",
        )
        cause = self.status.cause
        return said.say(lang) + (Text(": ", "：").say(lang) + cause.say(lang) if cause else "")


class Sweeps:
    """Holds no state: make one where one is needed."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.jobs = settings, Jobs(settings)
        self.leases: Leases = self.jobs.leases

    def plan(self, request: SweepRequest) -> tuple[SweepRequest, list[Point]]:
        """The request with its training checked, and the settings of each run; an InputError where it cannot be."""
        base = request.base
        if len(base.name) > LONGEST_NAME:
            raise InputError(
                en=f"The name has {len(base.name)} characters; a sweep's has {LONGEST_NAME} at most.",
                zh=f"名称有 {len(base.name)} 个字符；参数搜索的名称最多 {LONGEST_NAME} 个。",
            )
        goal_of(base.family)
        checked = self.jobs.check(
            base.model_copy(update={"name": run_name(base.name, 0), "held_out": "half"})
        )
        base = checked.model_copy(update={"name": base.name})
        found = points(base, parse(base, request.vary), request.search, request.runs, request.draw_seed)
        folder = self._path(base.name)
        taken_names = [
            name for place in range(len(found)) if (name := run_name(base.name, place)) and self._taken(name)
        ]
        if folder.exists() or taken_names:
            raise InputError(
                en=f"The name {base.name} is taken; choose another.",
                zh=f"名称 {base.name} 已被使用；请另取一个。",
            )
        return request.model_copy(update={"base": base}), found

    def submit(self, request: SweepRequest, start: bool = True) -> str:
        """Write a sweep down and start its process; its name."""
        checked, found = self.plan(request)
        folder = SweepFolder(self._path(checked.base.name))
        folder.path.mkdir(parents=True)
        folder.write(checked, found)
        folder.update(state="waiting", asked_at=time.time())
        if start:
            self._start(folder)
        return folder.name

    def list(self) -> list[Sweep]:
        """All sweeps, the latest first."""
        jobs = {job.name: job for job in self.jobs.list()}
        found = [
            sweep for folder in find_sweeps(self.settings.own_runs_dir) if (sweep := self._look(folder, jobs))
        ]
        return sorted(found, key=lambda sweep: (not sweep.active, -sweep.status.asked_at))

    def get(self, name: str) -> Sweep:
        """The sweep of this name; an InputError where there is none."""
        folder = self._folder(name)
        sweep = self._look(folder, {job.name: job for job in self.jobs.list()})
        if sweep is None:
            raise unknown_sweep(name)
        return sweep

    def stop(self, name: str) -> None:
        """Ask it to end: the run under way saves and stops; resume goes on from there."""
        folder = self._folder(name)
        if self._is_held(folder):
            folder.stop.set()
            return
        sweep = self.get(name)
        for job in sweep.jobs:
            if job and job.active:
                self.jobs.stop(job.name)
        if sweep.active or sweep.status.state == "interrupted":
            folder.update(state="stopped", ended_at=time.time(), current=None, cause=None)

    def resume(self, name: str, start: bool = True) -> None:
        """Go on, also with runs that were stopped by hand."""
        folder = self._folder(name)
        if self._is_held(folder):
            raise InputError(en=f"{name} is running; stop it first.", zh=f"{name} 正在进行；请先停止它。")
        if folder.state().state == "done":
            raise InputError(
                en=f"{name} is done: its best run is chosen and tested; start another sweep under another name.",
                zh=f"{name} 已完成：最好的一次已选出并测试；请用另一个名称开始新的搜索。",
            )
        folder.stop.clear()
        fresh = {"cause": None, "ended_at": None, "left_out": (), "tries": {}, "current": None}
        folder.update(state="waiting", asked_at=time.time(), **fresh)
        if start:
            self._start(folder)

    def tidy(self, name: str) -> int:
        """Delete all its runs but the best; how many went. What they were stays in result.json."""
        sweep = self._idle(name)
        best = sweep.status.chosen if sweep.status.chosen is not None else sweep.best()
        others = [job for place, job in enumerate(sweep.jobs) if job and place != best]
        for job in others:
            self.jobs.delete(job.name)
        return len(others)

    def delete(self, name: str) -> None:
        """Delete a sweep that does not run; its runs stay."""
        shutil.rmtree(self._idle(name).folder)

    def _idle(self, name: str) -> Sweep:
        sweep = self.get(name)
        if self._is_held(SweepFolder(sweep.folder)) or any(job and job.active for job in sweep.jobs):
            raise InputError(en=f"{name} is running; stop it first.", zh=f"{name} 正在进行；请先停止它。")
        return sweep

    def _start(self, folder: SweepFolder) -> None:
        flags = flags_of(self.settings, self.settings.device)
        if (
            not start_process("aigc_demo.jobs.sweep", folder.path, flags)
            and folder.state().state == "waiting"
        ):
            folder.update(state="failed", cause=UNSTARTED, ended_at=time.time())

    def _look(self, folder: SweepFolder, jobs: Mapping[str, Job]) -> Sweep | None:
        found = folder.read()
        if found is None:
            return None
        request, every = found
        runs = [jobs.get(run_name(folder.name, place)) for place in range(len(every))]
        return Sweep(folder.path, request, every, runs, self._true_state(folder), folder.result())

    def _true_state(self, folder: SweepFolder) -> SweepState:
        """The state, "interrupted" where it says that it works but nobody holds the lease; that is then written."""
        state = folder.state()
        if state.state not in ACTIVE or self._is_held(folder):
            return state
        state = folder.state()  # it may have ended between the two looks
        begins = state.state == "waiting" and time.time() - state.asked_at < BEGINS
        if state.state not in ACTIVE or begins:
            return state
        return folder.update(state="interrupted", cause=VANISHED, ended_at=time.time())

    def lease(self, name: str) -> FileLock:
        """Held by the process that conducts the sweep."""
        return self.leases.run(self._folder(name).path)

    def _is_held(self, folder: SweepFolder) -> bool:
        return is_held(self.leases.run(folder.path))

    def _taken(self, name: str) -> bool:
        return (self.settings.own_runs_dir / name).exists()

    def _path(self, name: str) -> Path:
        return self.settings.own_runs_dir / SWEEPS / name

    def _folder(self, name: str) -> SweepFolder:
        """The folder of a sweep by its name, which may come from anywhere."""
        for folder in find_sweeps(self.settings.own_runs_dir):
            if folder.name == name:
                return folder
        raise unknown_sweep(name)


def run_name(sweep: str, place: int) -> str:
    """The name of a sweep's run."""
    return f"{sweep}-{place + 1:02d}"


def run_request(sweep: Sweep, place: int) -> TrainRequest:
    """The training of one run."""
    values = {**sweep.request.base.model_dump(), **sweep.points[place], "name": run_name(sweep.name, place)}
    return check(TrainRequest, values)


def taken(job: Job) -> float:
    """Seconds of a run's process; of one that was resumed, of training before and of the process since."""
    if job.started_at is None:
        return 0.0
    return max((job.ended_at or time.time()) - job.started_at, job.seconds)


def goal_of(name: str) -> Goal:
    """What runs of a family are chosen by; an InputError where no figure tells which is better."""
    goal = family(name).goal
    if goal is None:
        raise InputError(
            en=f"No single figure tells which {name} is better, so none can be chosen by it; tune another family.",
            zh=f"没有单一指标能判断哪个 {name} 更好，因而无法据此选择；请为其他家族搜索参数。",
        )
    return goal


def unknown_sweep(name: str) -> InputError:
    """There is no such sweep."""
    return InputError(
        en=f"There is no sweep {str(name)[:60]}; `sweep list` shows those there are.",
        zh=f"没有参数搜索 {str(name)[:60]}；可用 `sweep list` 查看已有的。",
    )
