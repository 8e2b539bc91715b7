"""Speed as ratios: this app against the plain way to do the same, taking turns in one run on one machine.

Absolute times tell about the machine and its other work; ratios of neighbouring runs tell about the code. Each part is
a module here with a function `measure`. Visitors by the dozen and the figures of watermarks are not here but in
tests/load.
"""

import sys
from importlib import import_module

from aigc_demo.bench.measure import Comparison, table
from aigc_demo.cli.flags import Answer, Asked
from aigc_demo.core.errors import InputError

WHAT = ("start", "picture", "text", "chat", "train", "serve", "draw", "peak")
MOVED = ("marks", "crowd", "soak")


def bench(asked: Asked) -> Answer:
    """Measure what was asked for; each finished part is told on standard error."""
    if asked.flags.what in MOVED:
        raise InputError(
            en=f"bench {asked.flags.what} is now python -m tests.load {asked.flags.what}, in a copy of the repository.",
            zh=f"bench {asked.flags.what} 现为 python -m tests.load {asked.flags.what}，请在代码仓库中运行。",
        )
    found: list[Comparison] = []
    for what in WHAT if asked.flags.what == "all" else (asked.flags.what,):
        print(f"bench {what} ...", file=sys.stderr, flush=True)
        found += import_module(f"aigc_demo.bench.{what}").measure(asked)
    return Answer({"bench": [comparison.summary() for comparison in found]}, table(found, asked.lang))
