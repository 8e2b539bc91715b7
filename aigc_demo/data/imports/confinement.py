"""What the importing process may not do, taken from it before it opens the first file of a visitor's.

Three fences, each of which may be missing on some system: the kernel's limits, a network namespace without a network,
and Python's audit events. Memory and time are what a file can really exhaust; the other two are for the day when a
decoder has a hole.
"""

import ctypes
import os
import sys
import time
from pathlib import Path
from typing import Any

from aigc_demo.data.imports.limits import CHILD_MEMORY, MAX_UNPACKED

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h
FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "ctypes.",
)
WRITING = (
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.chmod",
    "os.truncate",
)


def confine(work: Path) -> None:
    """Limit memory and file sizes, cut the network, and let this process write below `work` alone."""
    _limit("RLIMIT_AS", CHILD_MEMORY)
    _limit("RLIMIT_FSIZE", MAX_UNPACKED)
    _limit("RLIMIT_CORE", 0)
    _leave_the_network()
    inside = os.path.join(os.path.realpath(work), "")  # noqa: PTH118  (called for each open; Path is slow)

    def check(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(FORBIDDEN):
            raise PermissionError(f"{event} is not for an import")
        opened = event == "open" and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        for path in arguments[:1] if opened else arguments[:2] if event in WRITING else ():
            if isinstance(path, str | bytes) and not os.path.realpath(os.fsdecode(path)).startswith(inside):
                raise PermissionError(f"{event} outside of the working folder")

    sys.addaudithook(check)


def allow_seconds(seconds: float) -> None:
    """Let the process use this much more processor time; the kernel ends it after that."""
    _limit("RLIMIT_CPU", int(time.process_time() + seconds) + 1)


def _limit(name: str, value: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: the parent's clock and the limits of each format remain
        return
    kind = getattr(resource, name)
    _, hard = resource.getrlimit(kind)
    if hard == resource.RLIM_INFINITY or value <= hard:
        resource.setrlimit(kind, (value, hard))


def _leave_the_network() -> None:
    """Move into a network namespace that has none, where Linux allows it."""
    if not sys.platform.startswith("linux"):
        return
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    if unshare(CLONE_NEWNET) != 0:
        unshare(CLONE_NEWUSER | CLONE_NEWNET)
