"""Downloads in the background: start, follow, cancel, and start again to go on. One at a time a model.

Each is a child process (fetch.py) that knows the network, followed by one that knows no secrets and reads what has come
(pretrained/check.py). Only when both have ended well is the record written that makes the model choosable. A model that
a Python package carries goes the same way, but for the first child: convert.py in place of fetch.py.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from aigc_demo.core.errors import InputError
from aigc_demo.core.processes import clean_environment
from aigc_demo.core.settings import Settings
from aigc_demo.core.words import Text
from aigc_demo.hub.carried import check_ready, find_carried
from aigc_demo.hub.catalogue import find_entry
from aigc_demo.hub.client import check_id
from aigc_demo.hub.offers import Offer, look_up
from aigc_demo.hub.records import describe, keep
from aigc_demo.models.cards import ModelCard
from aigc_demo.pretrained.check import check

State = Literal["running", "done", "cancelled", "failed"]
SMOOTHING = 0.8  # of the rate, a report
MOST = 2  # models fetched at once: more only share the line
STALLED = 3.0  # seconds without a report after which nothing seems to come
TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH")


@dataclass(frozen=True)
class Download:
    """How far a download is.

    rate: bytes a second, as smoothed; seconds_left: None while unknown; checking: all is here, and its values are being
    read; told: when the child last said something, by time.monotonic; converting: it comes out of a Python package.
    """

    id: str
    state: State
    done_bytes: int
    total_bytes: int
    rate: float = 0.0
    checking: bool = False
    error: Text | None = None
    told: float = 0.0
    converting: bool = False

    @property
    def seconds_left(self) -> float | None:
        """Time until all bytes are here at this rate."""
        return (self.total_bytes - self.done_bytes) / self.rate if self.rate > 0 else None


class Downloads:
    """The downloads of this process; every page that asks sees the same."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._downloads: dict[str, Download] = {}
        self._children: dict[str, subprocess.Popen] = {}
        self._threads: dict[str, threading.Thread] = {}

    def start(self, model_id: str) -> Download:
        """Start or go on fetching a model, or see the one that runs. Asks the hub first, so it may take some seconds.

        An InputError where it may not, cannot be used, or does not fit the disk.
        """
        require_right(self.settings)
        model_id = check_id(model_id, self.settings)
        if (running := self.status(model_id)) and running.state == "running":
            return running
        self.wait(model_id)  # one that was cancelled a moment ago still holds its files
        offer = look_up(model_id, self.settings)
        require_room(offer)
        plan = {"id": offer.id, "revision": offer.revision, "cache": str(self.settings.hub_dir.resolve())}
        plan["files"] = [asdict(file) for file in offer.files]
        return self._begin(
            Download(model_id, "running", offer.here_bytes, offer.bytes),
            partial(self._bring, "fetch", model_id, plan),
            lambda card: describe(card, offer.entry, offer.licence, offer.revision),
        )

    def convert(self, model_id: str) -> Download:
        """Start converting a model out of an installed Python package, or see the one that runs.

        An InputError where it may not, no package carries it, it is not installed, or does not fit the disk.
        """
        require_right(self.settings)
        if (running := self.status(model_id)) and running.state == "running":
            return running
        self.wait(model_id)
        if (model := find_carried(model_id)) is None:
            raise InputError(
                en=f"No Python package is known to carry {model_id[:60]}; look in the catalogue.",
                zh=f"没有已知的软件包含有 {model_id[:60]}；请在目录中查找。",
            )
        plan = {
            "source": str(check_ready(model, self.settings)),
            "sha256": model.sha256,
            "command": model.command,
            "target": str(model.folder(self.settings).resolve()),
            "readme": f"---\nlicense: {model.licence}\nlanguage: {find_entry(model.id).languages[0]}\n---\n"
            f"# {model.id}\n\nMade of {model.file} of the Python package {model.package} {model.version}.\n",
        }
        facts = {"title": model.title, "summary": model.summary, "tasks": model.tasks}
        return self._begin(
            Download(model.id, "running", 0, model.file_bytes + model.converted_bytes, converting=True),
            partial(self._bring, "convert", model.id, plan),
            lambda card: describe(card, find_entry(model.id), model.licence, model.revision).model_copy(
                update=facts
            ),
        )

    def _begin(
        self, download: Download, bring: Callable[[], Path], described: Callable[[ModelCard], ModelCard]
    ) -> Download:
        """Let `bring` work in the background, unless the model is on its way already, or too many are."""
        model_id = download.id
        with self._lock:
            running = self._downloads.get(model_id)
            if running and running.state == "running":
                return running
            if sum(other.state == "running" for other in self._downloads.values()) >= MOST:
                raise InputError(
                    en=f"{MOST} models are being fetched already; wait for one, or cancel it.",
                    zh=f"已有 {MOST} 个模型正在下载；请等其中一个完成，或取消它。",
                )
            self._downloads[model_id] = download
            thread = threading.Thread(
                target=self._run, args=(model_id, bring, described), name=f"fetch {model_id}", daemon=True
            )
            self._threads[model_id] = thread
            thread.start()
            return self._downloads[model_id]

    def cancel(self, model_id: str) -> None:
        """End a download; what has come is kept, and `start` goes on from it."""
        require_right(self.settings)
        with self._lock:
            running = self._downloads.get(model_id)
            if running is None or running.state != "running":
                return
            self._downloads[model_id] = replace(running, state="cancelled", rate=0.0)
            child = self._children.get(model_id)
        if child:
            child.terminate()

    def status(self, model_id: str) -> Download | None:
        """How far the last download of a model is; None where there was none since the app started."""
        now = self._downloads.get(model_id)
        stalled = now is not None and time.monotonic() - now.told > STALLED
        return replace(now, rate=0.0) if stalled else now

    def all(self) -> list[Download]:
        """All downloads since the app started, in the order of their first start."""
        return [self.status(model_id) for model_id in list(self._downloads)]

    def wait(self, model_id: str, seconds: float | None = None) -> Download | None:
        """Wait for a download to end."""
        if thread := self._threads.get(model_id):
            thread.join(seconds)
        return self.status(model_id)

    def _run(
        self, model_id: str, bring: Callable[[], Path], described: Callable[[ModelCard], ModelCard]
    ) -> None:
        try:
            folder = bring()
            self._update(model_id, checking=True, rate=0.0)
            card = check(folder, model_id, lambda child: self._adopt(model_id, child))
            if self._is_running(model_id):
                keep(described(card), self.settings)
                total = self._downloads[model_id].total_bytes
                self._update(model_id, state="done", checking=False, done_bytes=total)
        except InputError as error:
            self._update(model_id, state="failed", checking=False, error=error.text)
        except (
            Exception
        ) as error:  # the thread's last word: whatever it is, the page is to show that it has ended
            words = f"{type(error).__name__}: {error}"
            self._update(model_id, state="failed", checking=False, error=Text(en=words, zh=words))

    def _bring(self, module: str, model_id: str, plan: Mapping[str, Any]) -> Path:
        """Run the child that fetches or converts, and listen to it."""
        child = subprocess.Popen(
            [sys.executable, "-m", f"aigc_demo.hub.{module}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment() if module == "fetch" else clean_environment(os.environ),
            text=True,
            encoding="utf-8",
        )
        with child:
            self._adopt(model_id, child)
            child.stdin.write(json.dumps(plan))
            child.stdin.close()
            return self._listen(model_id, child)

    def _listen(self, model_id: str, child: subprocess.Popen) -> Path:
        """Follow a child's reports to its last."""
        last, rate, before = time.monotonic(), 0.0, 0
        for line in child.stdout:
            message = json.loads(line)
            if "folder" in message:
                return Path(message["folder"])
            if "en" in message:
                raise InputError(**message)
            now, fetched = time.monotonic(), message["fetched"]
            rate = SMOOTHING * rate + (1 - SMOOTHING) * (fetched - before) / max(now - last, 0.01)
            last, before = now, fetched
            # what is here is counted file by file
            now_at = self._downloads[model_id]
            done = min(max(message["done"], now_at.done_bytes), now_at.total_bytes)
            self._update(model_id, done_bytes=done, rate=rate, told=now)
        raise InputError(
            en=f"Fetching {model_id} broke off; start it again, it goes on where it was.",
            zh=f"下载 {model_id} 中断了；请重新开始，会从中断处继续。",
        )

    def _adopt(self, model_id: str, child: subprocess.Popen) -> None:
        """Remember a child, so that it can be ended; at once where that was asked before it began."""
        with self._lock:
            self._children[model_id] = child
            cancelled = not self._is_running(model_id)
        if cancelled:
            child.terminate()

    def _update(self, model_id: str, **changes: object) -> None:
        """Change a download that runs; one that was cancelled stays so."""
        with self._lock:
            if self._is_running(model_id):
                self._downloads[model_id] = replace(self._downloads[model_id], **changes)

    def _is_running(self, model_id: str) -> bool:
        return self._downloads[model_id].state == "running"


def require_right(settings: Settings) -> None:
    """An InputError where who opens the page may not fetch or delete models."""
    if not settings.may_download:
        raise InputError(
            en="Models cannot be fetched or deleted on this public page; run the app on your own machine for that.",
            zh="此公开网页不能下载或删除模型；请在自己的电脑上运行本应用。",
        )


def require_room(offer: Offer) -> None:
    """An InputError where a model cannot be used, or does not fit the disk."""
    if offer.refusal:
        raise InputError(
            en=f"{offer.id} is not fetched. {offer.refusal.en}", zh=f"不下载 {offer.id}。{offer.refusal.zh}"
        )
    if not offer.fits_disk:
        need, free = (offer.bytes - offer.here_bytes) / 1e9, offer.disk_free / 1e9
        raise InputError(
            en=f"{offer.id} needs {need:.1f} GB and half a GB to spare, the disk has {free:.1f} GB free; make room first.",
            zh=f"{offer.id} 需要 {need:.1f} GB 并另留 0.5 GB，磁盘剩余 {free:.1f} GB；请先腾出空间。",
        )


def _environment() -> dict[str, str]:
    """What the child that fetches is given: the hub's token and no other secret, plain HTTP that mirrors serve, too."""
    tokens = {name: os.environ[name] for name in TOKENS if name in os.environ}
    quiet = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1"}
    return {**clean_environment(os.environ), **tokens, **quiet}
