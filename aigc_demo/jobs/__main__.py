"""`python -m aigc_demo.jobs NAME --runs-dir DIR --device cpu ...`: the process of one background job.

Started by spawn.py alone. It takes the leases before anything slow, says so on its standard output, works, and
starts what is next in the queue as it leaves.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from aigc_demo.core.settings import add_flags, flags_given, prepare_environment, settings_from
from aigc_demo.jobs.folder import JobFolder
from aigc_demo.jobs.lease import Leases, take
from aigc_demo.jobs.queue import Jobs
from aigc_demo.jobs.signals import StopSignals
from aigc_demo.jobs.spawn import READY
from aigc_demo.jobs.worker import Worker


def main(arguments: Sequence[str]) -> int:
    """Do one job; 0, or 1 where another process has it."""
    parser = argparse.ArgumentParser(prog="python -m aigc_demo.jobs")
    parser.add_argument("name")
    add_flags(parser)
    flags = parser.parse_args(arguments)
    settings = settings_from(flags_given(flags))
    prepare_environment(settings)
    if hasattr(os, "nice"):
        os.nice(10)  # whoever clicks on the page goes first
    folder, leases = JobFolder(settings.own_runs_dir / flags.name), Leases(settings.runs_dir)
    run, device = leases.run(folder.path), leases.device(settings.device)
    request = folder.request()
    if request is None or not (take(run) and take(device)):
        return 1
    with StopSignals(folder) as signals:
        Worker(folder, request, settings, settings.device).work(signals, say_ready)
    device.release()
    run.release()
    Jobs(settings).dispatch()
    return 0


def say_ready() -> None:
    """Tell the starter, who then goes away; what is printed later goes to worker.log."""
    sys.stdout.buffer.write(READY)
    sys.stdout.flush()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
