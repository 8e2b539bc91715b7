"""Where a visitor's things lie on the disk, how they go, and the sweep of what is too old."""

import contextlib
import logging
import re
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from aigc_demo import jobs
from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import VISITORS, Settings
from aigc_demo.server.visitor_names import NAME

STOPPING = 20.0  # seconds that a training run may take to save and end
PAUSE = 0.1
MINUTE = 60.0
SHARE = 500 << 20  # bytes of files that are kept for a visitor
CONTENT = re.compile(r"[0-9a-f]{64}")  # Gradio's own folders: a digest of the file in it
log = logging.getLogger(__name__)


class Visitors:
    """The visitors of a page with these settings. Those of a mode that isolates nobody are one, without a name."""

    def __init__(self, settings: Settings) -> None:
        self.base = settings
        self._uploads: dict[str, set[Path]] = defaultdict(set)
        self._lock = threading.Lock()

    def settings(self, name: str) -> Settings:
        """The settings as a visitor sees them, with the folders of their own."""
        return (
            self.base.model_copy(update={"visitor": name}) if name and self.base.rules.isolate else self.base
        )

    def folder(self, name: str) -> Path:
        """Where files for this visitor are written."""
        folder = self._outputs(name)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def keep_uploads(self, name: str, paths: Iterable[Path]) -> None:
        """Remember who brought files, which Gradio keeps by their content."""
        with self._lock:
            self._uploads[name].update(paths)

    def may_fetch(self, name: str, path: Path) -> bool:
        """Whether a file is not known as an upload of others alone."""
        with self._lock:
            owners = [owner for owner, paths in self._uploads.items() if path in paths]
        return not owners or name in owners

    def forget(self, name: str) -> None:
        """Stop what trains for a visitor and delete all that is theirs; InputError where a run does not end."""
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no visitor")
        own = self.settings(name)
        _end_jobs(own)
        with self._lock:
            uploads = self._uploads.pop(name, set())
            others = set().union(*self._uploads.values())  # equal files are one file to Gradio
        for path in uploads - others:
            path.unlink(missing_ok=True)
            _remove_if_empty(path.parent)
        for folder in (self._outputs(name), own.own_runs_dir, own.own_data_dir):
            shutil.rmtree(folder, ignore_errors=True)
        jobs.Jobs(own).leases.forget(own.own_runs_dir)

    def sweep_on(self) -> None:
        """Sweep now and then every minute, for as long as the program runs."""
        while True:
            try:
                self.sweep()
            except Exception:  # a full or failing disk must not end it
                log.exception("the sweep failed")
            time.sleep(MINUTE)

    def sweep(self, now: float | None = None) -> None:
        """Delete what is older than the rules allow: outputs and uploads, runs that have ended, data sets of no run."""
        seconds = self.base.rules.retention_seconds
        if seconds is None:
            return
        before = (time.time() if now is None else now) - seconds
        for folder in _folders(self.base.outputs_dir):
            if NAME.fullmatch(folder.name) or CONTENT.fullmatch(folder.name):
                _sweep_files(folder, before)
                _trim(folder)
        for name in {path.name for top in self._tops() for path in self._known(top)}:
            self._sweep_work(self.settings(name), before)
        with self._lock:
            for name in list(self._uploads):
                kept = {path for path in self._uploads.pop(name) if path.exists()}
                if kept:
                    self._uploads[name] = kept

    def _sweep_work(self, own: Settings, before: float) -> None:
        """The runs and data sets of one visitor; a set stays while a run that uses it goes on."""
        work = jobs.Jobs(own)
        found = work.list()
        for job in found:
            if not job.active and (job.ended_at or job.queued_at) < before:
                work.delete(job.name)
        used = {job.request.data for job in found if job.active}
        for folder in _folders(own.own_data_dir):
            if folder.name not in used and folder.stat().st_mtime < before:
                shutil.rmtree(folder, ignore_errors=True)
        for folder in (own.own_data_dir, own.own_runs_dir):
            if folder.is_dir() and all(path.suffix == ".lock" for path in folder.iterdir()):
                shutil.rmtree(folder, ignore_errors=True)
        if not own.own_runs_dir.exists():
            work.leases.forget(own.own_runs_dir)

    def _outputs(self, name: str) -> Path:
        return self.base.outputs_dir / name if name and self.base.rules.isolate else self.base.outputs_dir

    def _tops(self) -> tuple[Path, Path]:
        return self.base.runs_dir / VISITORS, self.base.data_dir / VISITORS

    def _known(self, top: Path) -> list[Path]:
        return [folder for folder in _folders(top) if NAME.fullmatch(folder.name)]


def _end_jobs(own: Settings) -> None:
    """Stop every job of a visitor and wait until its process has let go."""
    work = jobs.Jobs(own)
    deadline = time.monotonic() + STOPPING
    while active := [job for job in work.list() if job.active]:
        if time.monotonic() > deadline:
            raise InputError(
                en=f"{active[0].name} is still ending; press again in a minute.",
                zh=f"{active[0].name} 仍在结束；请一分钟后再试。",
            )
        for job in active:
            with contextlib.suppress(InputError):  # it has ended meanwhile
                work.stop(job.name)
        time.sleep(PAUSE)


def _sweep_files(folder: Path, before: float) -> None:
    """Delete the old files below a folder, and folders that are left empty, itself among them."""
    for path in sorted(folder.rglob("*"), reverse=True):  # what is in a folder before the folder
        with contextlib.suppress(FileNotFoundError):  # its visitor was faster
            if path.is_dir():
                _remove_if_empty(path)
            elif path.stat().st_mtime < before:
                path.unlink()
    _remove_if_empty(folder)


def _trim(folder: Path) -> None:
    """Delete the oldest files of a folder that holds more than its share of the disk."""
    files = []
    for path in folder.rglob("*.*"):
        with contextlib.suppress(FileNotFoundError):
            files.append((path.stat().st_mtime, path.stat().st_size, path))
    excess = sum(size for _, size, _ in files) - SHARE
    for _, size, path in sorted(files):
        if excess <= 0:
            return
        path.unlink(missing_ok=True)
        excess -= size


def _folders(top: Path) -> Iterator[Path]:
    """The folders in `top`, without the hidden ones."""
    if top.is_dir():
        yield from (path for path in sorted(top.iterdir()) if path.is_dir() and not path.name.startswith("."))


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
