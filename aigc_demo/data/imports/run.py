"""The import as the app sees it: a child process that is watched, its refusals, and the finished set put in its place."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from aigc_demo.core.disk import write_json
from aigc_demo.core.errors import InputError, Stopped, no_file
from aigc_demo.core.failures import FULL
from aigc_demo.core.stopping import Stop, never
from aigc_demo.core.words import Text
from aigc_demo.data.imports.journal import Journal
from aigc_demo.data.imports.limits import (
    BASE_SECONDS,
    DISK_FULL,
    MAX_FILES,
    MAX_TEXT,
    SECONDS_A_FILE,
    START_SECONDS,
    too_big,
    too_many,
)
from aigc_demo.data.imports.manifest import Manifest, put_in_place, read_manifest
from aigc_demo.data.imports.request import ImportRequest

ROOT = Path(__file__).resolve().parents[3]
MAX_DEATHS = 8  # files that may each take a process with them before the import gives up
# seconds: between two looks, and on the clock above what a file may take of the processor
PAUSE, SLACK = (0.02, 5)
DIED = Text(
    "{name} {why}; leave it out, or save it again in another program.",
    "{name} {why}；请去掉它，或用其他程序重新保存。",
)
TOO_LONG = Text("takes too long to read", "读取时间过长")
BROKEN = Text("stops the program that reads it", "使读取程序中止")
DAY = 86_400
KEPT_VARIABLES = ("SYSTEMROOT", "LD_LIBRARY_PATH")  # without which Python does not start on some systems


def import_files(
    request: ImportRequest,
    sources: Sequence[Path],
    data_dir: Path,
    stop: Stop = never,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Manifest:
    """Make the files, zips and folders in `sources` the data set <data_dir>/<request.name>/.

    All of them are opened in a process of their own, with limits. One that cannot be used is refused by name in the
    manifest. InputError where too little is left or consent is missing, Stopped after `stop()`: the set of that name,
    if there is one, then stays as it was.
    """
    from aigc_demo.data import catalogue

    if not request.consent:
        raise InputError(
            en="Say that you may use these data: your own, or with their makers' and subjects' consent.",
            zh="请先确认您有权使用这些数据：属于您自己，或已获得作者与其中人物的同意。",
        )
    if request.name in catalogue():
        raise InputError(
            en=f"{request.name} is a data set of the catalogue; take another name.",
            zh=f"{request.name} 是目录中已有的数据集；请换一个名称。",
        )
    return run_import(request, sources, data_dir, stop, progress)


def paste(
    request: ImportRequest,
    text: str,
    data_dir: Path,
    stop: Stop = never,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Manifest:
    """The same with a text that was typed or pasted."""
    data = text.encode("utf-8", "ignore")
    if len(data) > MAX_TEXT:
        raise too_big("The text", len(data), MAX_TEXT)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pasted.txt"
        path.write_bytes(data)
        return import_files(request.model_copy(update={"kind": "text"}), [path], data_dir, stop, progress)


def run_import(
    request: ImportRequest,
    sources: Sequence[Path],
    data_dir: Path,
    stop: Stop = never,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Manifest:
    """`import_files` without asking for consent: for files that the machine's owner names on the command line."""
    if not sources:
        raise InputError(en="No file was given; choose some.", zh="没有提供文件；请选择文件。")
    if not any(path.exists() for path in sources):
        raise no_file(sources[0])
    if len(sources) > MAX_FILES:
        raise too_many("This choice", len(sources))
    data_dir.mkdir(parents=True, exist_ok=True)
    with _working_folder(data_dir) as work:
        words = sources[0].name if len(sources) == 1 else f"{len(sources)} files"
        task = {
            "request": request.model_dump(),
            "sources": [str(path.absolute()) for path in sources],
            "source": words,
        }
        write_json(work / "task.json", task)
        _supervise(work, stop, progress)
        manifest = read_manifest(work / "prepared")
        put_in_place(work / "prepared", request.name, data_dir)
    return manifest


@contextmanager
def _working_folder(data_dir: Path) -> Iterator[Path]:
    """A folder beside the data sets, so that what is ready can be renamed; old ones of killed apps are swept."""
    for path in data_dir.glob(".import-*"):
        if time.time() - path.stat().st_mtime > DAY:
            shutil.rmtree(path, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=".import-", dir=data_dir))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _supervise(work: Path, stop: Stop, progress: Callable[[int, int], None]) -> None:
    """Let children work until one reaches the end; what each died on is refused, and the next goes on after it."""
    started = time.monotonic()
    for _ in range(MAX_DEATHS):
        late = _run_child(work, stop, progress, started)
        if (work / "failure.json").exists():
            raise InputError(**json.loads((work / "failure.json").read_text(encoding="utf-8")))
        culprit = Journal(work).unfinished()
        if (work / "prepared" / "manifest.json").exists() and not late:
            return
        if culprit is None or culprit["begin"] == "finish":
            break
        name = culprit["name"]
        words = DIED.format(name=name, why=TOO_LONG if late else BROKEN)
        Journal(work).end(culprit["begin"], refused=[{"name": name, **asdict(words)}])
    raise InputError(
        en="The import ended before it was done, for want of memory, disk or time; give fewer or smaller files.",
        zh="导入未能完成（内存、磁盘或时间不足）；请减少文件数量或缩小文件。",
    )


def _run_child(work: Path, stop: Stop, progress: Callable[[int, int], None], started: float) -> bool:
    """Run one child to its end; True where it was ended because a file took too long."""
    environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "aigc_demo.data.imports.child"]
    with (work / "errors.txt").open("ab") as errors:
        child = subprocess.Popen(
            command, cwd=work, env=environment, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors
        )
    try:
        late = _watch(child, Journal(work), stop, progress, started)
    finally:
        child.kill()
        child.wait()
    if child.returncode == DISK_FULL:
        raise InputError.of(FULL)
    return late


def _watch(
    child: subprocess.Popen,
    journal: Journal,
    stop: Stop,
    progress: Callable[[int, int], None],
    started: float,
) -> bool:
    """Wait for the child while its journal grows; True when it was given up as too slow."""
    import signal

    size, total, changed, allowed = -1, 0, time.monotonic(), START_SECONDS
    while child.poll() is None:
        if stop():
            raise Stopped
        now = time.monotonic()
        written = journal.path.stat().st_size if journal.path.exists() else 0
        if written != size and (entry := journal.last_begun() if written else None):
            progress(entry["place"], entry["total"])
            size, changed, allowed = written, now, entry["seconds"] + SLACK
            total = max(total, entry["total"])
            if now - started > BASE_SECONDS + SECONDS_A_FILE * total:
                raise InputError(
                    en="The import takes too long; give fewer or smaller files.",
                    zh="导入耗时过长；请减少文件数量或缩小文件。",
                )
        if now - changed > allowed:
            return True
        time.sleep(PAUSE)
    return child.returncode == -getattr(signal, "SIGXCPU", 0)
