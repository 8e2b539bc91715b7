"""The queue of training jobs: one at a time on each device, the others in the order in which they came.

There is no server of jobs and nothing in memory: run folders say what is queued, leases say what runs, and whoever
looks, asks or ends starts what can start. So the queue outlives the page, the app and every worker.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from filelock import FileLock

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.core.words import Text
from aigc_demo.jobs.checks import (
    check_data,
    check_request,
    check_same,
    has_no_state,
    is_active,
    is_idle,
    unknown_job,
)
from aigc_demo.jobs.folder import JobFolder, JobState, find_all_folders, find_folders
from aigc_demo.jobs.job import Job, look
from aigc_demo.jobs.lease import Leases, is_held, take
from aigc_demo.jobs.request import TrainRequest
from aigc_demo.jobs.spawn import start_worker

RANKS = {"running": 0, "queued": 1}
VISITORS_SHARE = 3  # jobs that a visitor of a public page may have running or waiting
KILLED = Text(
    en="its process ended without a word (killed, out of memory, or the power went); resume goes on from the last save.",
    zh="训练进程意外消失（被终止、内存耗尽或断电）；点“继续”即可从上次保存处接着训练。",
)
UNSTARTED = Text(
    en="its process could not be started; worker.log in the run folder says why.",
    zh="无法启动训练进程；原因见训练记录文件夹中的 worker.log。",
)


class Jobs:
    """The training jobs of the owner, or of the visitor whom the settings name; all wait in one queue.

    Holds no state: make one where one is needed.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.runs_dir = settings.own_runs_dir
        self.leases = Leases(settings.runs_dir)

    def check(self, request: TrainRequest, go_on: bool = False) -> TrainRequest:
        """The request with its paths made absolute and its method decided; an InputError where it cannot be queued.

        A name that is taken is refused, unless `go_on` and the run was begun with the same settings and has steps left.
        """
        path = self.runs_dir / request.name
        checked = check_request(request, self.settings)
        if path.exists():
            check_same(checked, JobFolder(path), go_on)
        return checked

    def submit(self, request: TrainRequest, seconds: float = 0.0, go_on: bool = False, until: int = 0) -> str:
        """Queue a job, and start it if its device is free; its name. `seconds` is what a dry run promised.

        With `until` it stops there, as if it had been asked to, and can be resumed.
        """
        with self._changing():
            if is_held(self.leases.run(self.runs_dir / request.name)):
                raise is_active(request.name)
            self._check_share()
            self._enqueue(self.check(request, go_on), expected_seconds=seconds, until=until)
        self.dispatch()
        return request.name

    def list(self) -> list[Job]:
        """All jobs: what runs, what is queued in its order, then what has ended, the latest first."""
        found = self._look_at_all()
        if any(job.state == "queued" for job in found) and not any(job.state == "running" for job in found):
            self.dispatch()  # who should have started the next was killed
            found = self._look_at_all()
        return sorted(
            (job for job in self._with_places(found) if job.folder.parent == self.runs_dir),
            key=lambda job: (RANKS.get(job.state, 2), job.position or 0, -_ended(job)),
        )

    def get(self, name: str) -> Job:
        """The job of this name; an InputError where there is none."""
        job = self._look(self._folder(name))
        if job is None:
            raise unknown_job(name)
        return next((other for other in self.list() if other.name == name), job)

    def stop(self, name: str) -> None:
        """Ask a running job to save and end, which it does within 2 s; a queued one leaves the queue."""
        folder = self._folder(name)
        with self._changing():
            state = self._true_state(folder).state
            if is_held(self.leases.run(folder.path)):
                folder.run.stop.set()
            elif state == "queued":
                folder.update(state="stopped", ended_at=time.time())
            else:
                raise is_idle(name)

    def resume(self, name: str, until: int = 0) -> None:
        """Queue a job again that was stopped, failed or interrupted; it goes on from its last save, to `until`."""
        folder = self._folder(name)
        with self._changing():
            job = self._look(folder)
            if job is None:
                raise unknown_job(name)
            if job.active or is_held(self.leases.run(folder.path)):
                raise is_active(name)
            self._check_share()
            if job.without_state:
                raise has_no_state(name)
            if not job.can_resume:
                raise InputError(
                    en=f"{name} is trained to its last step; start it again with more steps to go on.",
                    zh=f"{name} 已训练到最后一步；如需继续，请用更多步数重新开始。",
                )
            self._enqueue(check_data(job.request, self.settings), until=until)
        self.dispatch()

    def save_now(self, name: str) -> None:
        """Ask a running job for a save after the step under way."""
        self._running(name).run.save.set()

    def sample_now(self, name: str) -> None:
        """Ask a running job for its samples as they are now."""
        self._running(name).run.sample.set()

    def delete(self, name: str) -> None:
        """Delete a run that is not training, with all its files."""
        folder = self._folder(name)
        with self._changing():
            if is_held(self.leases.run(folder.path)):
                raise is_active(name)
            self.leases.folder.mkdir(parents=True, exist_ok=True)
            gone = folder.path.rename(self.leases.folder / f"deleted-{uuid4().hex}")
        shutil.rmtree(gone, ignore_errors=True)

    def dispatch(self) -> None:
        """Start every queued job whose turn has come; quick where nothing is queued. Imports torch if something is."""
        if not any(folder.state().state == "queued" for folder in self._everybodys()):
            return
        with self._changing():
            for folder, devices in self._turns():
                if not is_held(self.leases.run(folder.path)):  # else a process in a terminal waits for it
                    self._start(folder, devices[0])

    def enqueue_here(self, request: TrainRequest, processes: int = 1) -> JobFolder:
        """Queue a job that this process will do itself: it holds the run's lease already. It may go on."""
        with self._changing():
            return self._enqueue(self.check(request, go_on=True), processes=processes)

    def wait_for_turn(self, folder: JobFolder, tick: Callable[[Job], None]) -> Sequence[FileLock]:
        """Wait until this process may train; the leases of its devices. `tick` is called while waiting."""
        while True:
            with self._changing():
                for other, devices in self._turns():
                    if other.path == folder.path:
                        leases = [self.leases.device(device) for device in devices]
                        if all(take(lease) for lease in leases):
                            folder.update(device=devices[0])
                            return leases
                    elif not is_held(self.leases.run(other.path)):
                        self._start(other, devices[0])
            tick(self.get(folder.name))

    def _check_share(self) -> None:
        """An InputError where a visitor of a public page has as many jobs as one may: others wait for the device, too."""
        folders = find_folders(self.runs_dir) if self.settings.visitor else []
        if sum(self._true_state(folder).state in RANKS for folder in folders) >= VISITORS_SHARE:
            raise InputError(
                en=f"You have {VISITORS_SHARE} trainings running or waiting; wait for one to end, or stop one.",
                zh=f"您已有 {VISITORS_SHARE} 个训练在运行或排队；请等其中一个结束，或先停止一个。",
            )

    def _enqueue(self, request: TrainRequest, **facts: Any) -> JobFolder:
        """Write the request first, so that nothing that was promised can be lost, then its place in the queue."""
        folder = JobFolder(self.runs_dir / request.name)
        is_new = not folder.path.exists()
        try:
            folder.write_request(request)
        except OSError:
            if is_new:  # or an empty folder would take the name
                shutil.rmtree(folder.path, ignore_errors=True)
            raise
        for flag in (folder.run.stop, folder.run.save, folder.run.sample):
            flag.clear()
        fresh = {
            "pid": None,
            "started_at": None,
            "ended_at": None,
            "cause": None,
            "processes": 1,
            "until": 0,
            **facts,
        }
        folder.update(state="queued", queued_at=time.time(), device=self.settings.device, **fresh)
        return folder

    def _turns(self) -> Iterator[tuple[JobFolder, Sequence[str]]]:
        """The queued jobs that may start now with their devices, in order: none overtakes another on its device."""
        from aigc_demo.runtime.cache import devices_for

        taken: set[str] = set()
        for folder in self._queue():
            state = folder.state()
            try:
                devices = devices_for(state.device)
            except InputError as error:
                folder.update(state="failed", cause=error.text, ended_at=time.time())
                continue
            count = min(state.processes, len(devices))
            free = [name for name in devices if name not in taken and not is_held(self.leases.device(name))]
            if len(free) < count:
                taken.update(devices)
                continue
            taken.update(free[:count])
            yield folder, free[:count]

    def _queue(self) -> Sequence[JobFolder]:
        waiting = [folder for folder in self._everybodys() if folder.state().state == "queued"]
        return sorted(waiting, key=lambda folder: (folder.state().queued_at, folder.name))

    def _start(self, folder: JobFolder, device: str) -> None:
        own = self.settings.model_copy(update={"visitor": folder.visitor})
        if not start_worker(folder, own, device) and folder.state().state == "queued":
            folder.update(state="failed", cause=UNSTARTED, ended_at=time.time())

    def _look_at_all(self) -> Sequence[Job]:
        return [job for folder in self._everybodys() if (job := self._look(folder))]

    def _everybodys(self) -> Sequence[JobFolder]:
        """The folders of all jobs, which share the devices, whosever they are."""
        return find_all_folders(self.settings.runs_dir)

    def _look(self, folder: JobFolder) -> Job | None:
        request = folder.request()
        return look(folder, request, self._true_state(folder)) if request else None

    def _true_state(self, folder: JobFolder) -> JobState:
        """The state, "interrupted" where job.json says running but nobody holds the lease; that is then written."""
        state = folder.state()
        if state.state != "running" or is_held(self.leases.run(folder.path)):
            return state
        state = folder.state()  # it may have ended between the two looks
        if state.state != "running":
            return state
        return folder.update(state="interrupted", cause=KILLED, ended_at=time.time())

    def _with_places(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """The jobs, the queued ones with their places and the time until their turn where that can be told."""
        waits = [job.seconds_left for job in jobs if job.state == "running"]
        waiting = sorted((job for job in jobs if job.state == "queued"), key=lambda job: job.queued_at)
        placed = []
        for place, job in enumerate(waiting, 1):
            known = [wait for wait in waits if wait is not None]
            total = sum(known) if len(known) == len(waits) else None
            placed.append(replace(job, position=place, wait_seconds=total))
            waits.append(job.seconds_left)
        return [job for job in jobs if job.state != "queued"] + placed

    def _running(self, name: str) -> JobFolder:
        folder = self._folder(name)
        if self._true_state(folder).state != "running":
            raise is_idle(name)
        return folder

    def _folder(self, name: str) -> JobFolder:
        """The folder of a job by its name, which may come from anywhere."""
        for folder in find_folders(self.runs_dir):
            if folder.name == name:
                return folder
        raise unknown_job(name)

    def _changing(self) -> FileLock:
        return self.leases.queue()


def _ended(job: Job) -> float:
    return job.ended_at or job.queued_at
