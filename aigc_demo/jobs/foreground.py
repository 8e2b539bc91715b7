"""A job in this very process, for who waits at a terminal: the same queue, the same worker, the same end."""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from aigc_demo.jobs.checks import check_data, is_active
from aigc_demo.jobs.folder import JobFolder, JobState
from aigc_demo.jobs.job import Job
from aigc_demo.jobs.lease import take
from aigc_demo.jobs.queue import Jobs
from aigc_demo.jobs.request import TrainRequest
from aigc_demo.jobs.signals import StopSignals
from aigc_demo.jobs.worker import Worker
from aigc_demo.runtime.cache import devices_for

if TYPE_CHECKING:
    from aigc_demo.training import Progress

TICK = 0.5  # seconds between two looks whether it is our turn


def train_here(
    jobs: Jobs,
    request: TrainRequest,
    show: Callable[["Progress"], None],
    waiting: Callable[[Job], None],
    saving: Callable[[], None],
) -> tuple[JobState, bool]:
    """Queue the job, wait for its turn, train it; its end, and whether a signal brought it about.

    `show` is called for each line of the log, `waiting` while others train, `saving` when a wish to end is heard.
    Of several processes under torchrun the first queues, waits and writes; the others train with it.
    """
    folder = JobFolder(jobs.runs_dir / request.name)
    with ExitStack() as held:
        signals = held.enter_context(StopSignals(folder, saving))
        if os.environ.get("RANK", "0") == "0":
            request, device = _wait(jobs, request, waiting, held)
        else:
            request, device = check_data(request, jobs.settings), devices_for(jobs.settings.device)[0]
        state = Worker(folder, request, jobs.settings, device, show).work(signals)
    jobs.dispatch()
    return state, signals.heard > 0


def _wait(
    jobs: Jobs, request: TrainRequest, waiting: Callable[[Job], None], held: ExitStack
) -> tuple[TrainRequest, str]:
    """Take the leases of the run and of its devices into `held`; the request as it was queued, and the device."""
    run = jobs.leases.run(jobs.runs_dir / request.name)
    if not take(run, seconds=1.0):
        raise is_active(request.name)
    held.callback(run.release)
    folder = jobs.enqueue_here(request, processes=int(os.environ.get("LOCAL_WORLD_SIZE", "1")))

    def tick(job: Job) -> None:
        waiting(job)
        time.sleep(TICK)

    try:
        leases = jobs.wait_for_turn(folder, tick)
    except KeyboardInterrupt:
        folder.update(state="stopped", ended_at=time.time())
        raise
    for lease in leases:
        held.callback(lease.release)
    return folder.request(), folder.state().device
