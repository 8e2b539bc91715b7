"""Who holds what: a run, a device, the queue. A lease is a file lock, which the system frees when its holder dies.

No process id is ever asked about: ids are used again, and one of another machine or container says nothing.
"""

from pathlib import Path

from filelock import FileLock, Timeout

PROBE = 0.03  # seconds: long enough to outlast another process that is only looking too
PATIENCE = 5.0  # seconds that a taker waits for those who look


class Leases:
    """The leases of a runs folder, as files in its hidden folder .jobs."""

    def __init__(self, runs_dir: Path) -> None:
        self.runs_dir, self.folder = runs_dir, runs_dir / ".jobs"

    def run(self, run: Path) -> FileLock:
        """Held by the process that trains the run in this folder, or waits to, for as long as it lives."""
        return self._lock(self._name(run))

    def forget(self, runs: Path) -> None:
        """Remove the files of all leases of runs in a folder that is gone: they tell the runs' names."""
        for path in self.folder.glob(f"{self._name(runs)}-*.lock"):
            path.unlink(missing_ok=True)

    def _name(self, folder: Path) -> str:
        return "-".join(("run", *folder.relative_to(self.runs_dir).parts))

    def device(self, device: str) -> FileLock:
        """Held by the process that trains on it: one job a device."""
        return self._lock(f"device-{device.replace(':', '-')}")

    def queue(self) -> FileLock:
        """Held for moments, by whoever changes what is queued."""
        return self._lock("queue")

    def _lock(self, name: str) -> FileLock:
        self.folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self.folder / f"{name}.lock", poll_interval=0.01)


def take(lock: FileLock, seconds: float = PATIENCE) -> bool:
    """Take a lease and keep it; whether that worked within `seconds`."""
    try:
        lock.acquire(timeout=seconds)
    except Timeout:
        return False
    return True


def is_held(lock: FileLock) -> bool:
    """Whether somebody holds the lease."""
    if not take(lock, PROBE):
        return True
    lock.release()
    return False
