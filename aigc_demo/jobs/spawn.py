"""A worker as a process of its own: it outlives the page and the app, and is given no secrets."""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from aigc_demo.core.processes import clean_environment
from aigc_demo.core.settings import Settings
from aigc_demo.jobs.folder import JobFolder

READY = b"ready\n"  # what a worker says on its standard output once it holds its leases


def start_worker(folder: JobFolder, settings: Settings, device: str) -> bool:
    """Start the worker of a run; True once it holds its leases, False where it has ended without."""
    return start_process("aigc_demo.jobs", folder.path, flags_of(settings, device))


def start_process(module: str, folder: Path, flags: Sequence[str]) -> bool:
    """Start a module on a folder by its name; True once it says that it is ready, False where it has ended without."""
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, folder.name, *flags],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=clean_environment(os.environ),
            **_detached(),
        )
    with process.stdout:
        ready = process.stdout.readline() == READY
    threading.Thread(target=process.wait, name="reap-worker", daemon=True).start()
    return ready


def flags_of(settings: Settings, device: str) -> list[str]:
    """The settings as flags, folders made absolute."""
    flags = []
    for name, value in settings.model_copy(update={"device": device}):
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            flags += [flag] if value else []
        else:
            flags += [flag, str(value.resolve() if isinstance(value, os.PathLike) else value)]
    return flags


def _detached() -> dict[str, object]:
    """Options of Popen that keep Ctrl-C in the starter's terminal, and its end, away from the worker."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}
