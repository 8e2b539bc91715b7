"""What a sweep's process does: hand the next run to the queue of jobs, wait for it, decide, and at the end choose and test.

Everything that it knows is on the disk, so that it can be killed between any two steps: the next process finds the same
runs, decides the same and goes on.
"""

import math
import time
from collections.abc import Callable

from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.core.settings import Settings
from aigc_demo.jobs.job import Job
from aigc_demo.jobs.sweep.decide import Act, next_act
from aigc_demo.jobs.sweep.folder import SweepFolder, SweepState
from aigc_demo.jobs.sweep.judge import judge
from aigc_demo.jobs.sweep.sweeps import Sweep, Sweeps, run_name, run_request
from aigc_demo.jobs.worker import in_words

TICK = 0.5  # seconds between two looks at a run


class Conductor:
    """One sweep in this process, which holds its lease. `show` is told of it at every look."""

    def __init__(
        self, settings: Settings, name: str, show: Callable[[Sweep], None] = lambda sweep: None
    ) -> None:
        self.settings, self.name, self.show = settings, name, show
        self.sweeps = Sweeps(settings)
        self.folder = SweepFolder(self.sweeps.get(name).folder)

    def work(self) -> SweepState:
        """Go on until all is done, it is asked to stop, or it cannot go on; the end is written."""
        self.folder.update(state="running", cause=None)
        try:
            while not self.folder.stop.is_set():
                if self.advance():
                    return self.folder.state()
                time.sleep(TICK)
            return self.halt()
        except Stopped:
            return self.halt()
        except InputError as error:
            return self.end("failed", error)
        except Exception as error:
            self.end("failed", InputError.of(in_words(error)))
            raise

    def advance(self) -> bool:
        """Do what is due now; whether the sweep has come to its end."""
        sweep = self.sweeps.get(self.name)
        self.show(sweep)
        sweep = self.note_stopped(sweep)
        act = next_act(sweep.standings(), sweep.request.search, self.seconds_left(sweep))
        match act.kind:
            case "wait":
                self.watch_budget(sweep, act)
            case "finish":
                self.finish(sweep)
                return True
            case _:
                self.begin(sweep, act)
        return False

    def begin(self, sweep: Sweep, act: Act) -> None:
        """Queue a run, or queue it again; what it goes to is written before."""
        tries = dict(sweep.status.tries)
        if act.kind == "resume" and sweep.standings()[act.place].state == "interrupted":
            tries[act.place] = tries.get(act.place, 0) + 1
        self.folder.update(current=(act.place, act.until), tries=tries)
        if act.kind == "start":
            self.sweeps.jobs.submit(run_request(sweep, act.place), until=act.until)
        else:
            self.sweeps.jobs.resume(run_name(self.name, act.place), until=act.until)

    def note_stopped(self, sweep: Sweep) -> Sweep:
        """The sweep, with a run left out that somebody stopped before it came where it was to go."""
        place, until = sweep.status.current or (-1, 0)
        job = sweep.jobs[place] if place >= 0 else None
        if job is None or job.state != "stopped" or job.step >= (until or job.steps):
            return sweep
        self.folder.update(left_out=(*sweep.status.left_out, place), current=None)
        return self.sweeps.get(self.name)

    def seconds_left(self, sweep: Sweep) -> float:
        """What is left of the budget."""
        minutes = sweep.request.minutes
        return minutes * 60 - sweep.spent if minutes else math.inf

    def watch_budget(self, sweep: Sweep, act: Act) -> None:
        """Stop the run under way once the budget is spent, if another has ended: it would not be in time."""
        ended = any(sweep.figure(place) is not None for place in range(len(sweep.points)))
        job = sweep.jobs[act.place]
        if ended and self.seconds_left(sweep) < 0 and job and job.state == "running":
            self.stop_run(job)

    def finish(self, sweep: Sweep) -> None:
        """Choose the best, then test it; the choice is written first and nothing of the test can change it."""
        best = sweep.best()
        if best is None:
            raise nothing_to_choose(sweep)
        self.folder.update(state="testing", current=None, chosen=best)
        self.show(self.sweeps.get(self.name))
        result = judge(sweep, best, self.settings, self.folder.stop.is_set)
        self.folder.write_result(result)
        self.folder.update(state="done", ended_at=time.time())
        self.show(self.sweeps.get(self.name))

    def halt(self) -> SweepState:
        """Somebody wishes it to end: the run under way saves and stops first."""
        for job in self.sweeps.get(self.name).jobs:
            if job and job.active:
                self.stop_run(job)
        while any(job and job.active for job in self.sweeps.get(self.name).jobs):
            time.sleep(TICK)
        self.folder.stop.clear()
        return self.folder.update(state="stopped", ended_at=time.time(), current=None)

    def stop_run(self, job: Job) -> None:
        """Ask a run to stop, unless it has just ended by itself."""
        try:
            self.sweeps.jobs.stop(job.name)
        except InputError:
            if self.sweeps.jobs.get(job.name).active:
                raise

    def end(self, state: str, error: InputError) -> SweepState:
        """It cannot go on."""
        return self.folder.update(state=state, cause=error.text, ended_at=time.time(), current=None)


def nothing_to_choose(sweep: Sweep) -> InputError:
    """No run has the figure that would choose: none came to its end, or too little is held out to tell."""
    if any(job and job.state == "done" for job in sweep.jobs):
        return InputError(
            en=f"{sweep.request.base.data} holds out too little: half of it tells nothing. Bring more data.",
            zh=f"{sweep.request.base.data} 留出的样本太少，其中一半不足以做出判断。请提供更多数据。",
        )
    return InputError(
        en="No run came to its last step; the runs themselves say why. Lower the learning rates, or allow more time.",
        zh="没有一次训练完成最后一步；原因见各次训练。请降低学习率，或给更多时间。",
    )
