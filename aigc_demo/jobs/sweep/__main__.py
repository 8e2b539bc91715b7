"""`python -m aigc_demo.jobs.sweep NAME --runs-dir DIR --device cpu ...`: the process that conducts one sweep in the background.

Started by sweeps.py alone. It takes the sweep's lease, says so on its standard output, and works.
"""

import argparse
import signal
import sys
from collections.abc import Sequence

from aigc_demo.core.settings import add_flags, flags_given, prepare_environment, settings_from
from aigc_demo.jobs.__main__ import say_ready
from aigc_demo.jobs.lease import take
from aigc_demo.jobs.sweep.conduct import Conductor
from aigc_demo.jobs.sweep.sweeps import Sweeps


def main(arguments: Sequence[str]) -> int:
    """Conduct one sweep; 0, or 1 where another process does."""
    parser = argparse.ArgumentParser(prog="python -m aigc_demo.jobs.sweep")
    parser.add_argument("name")
    add_flags(parser)
    flags = parser.parse_args(arguments)
    settings = settings_from(flags_given(flags))
    prepare_environment(settings)
    lease = Sweeps(settings).lease(flags.name)
    if not take(lease):
        return 1
    conductor = Conductor(settings, flags.name)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: conductor.folder.stop.set())
    say_ready()
    conductor.work()
    lease.release()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
