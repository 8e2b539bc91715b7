"""One job as the page and the command line show it: a snapshot of what its folder says now."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aigc_demo.core.words import Text, joined
from aigc_demo.jobs.folder import JobFolder, JobState, State
from aigc_demo.jobs.request import TrainRequest

TAIL = 16_384  # bytes at the end of a log that are looked at
STATES = {
    "queued": Text("waiting", "排队中"),
    "running": Text("training", "训练中"),
    "done": Text("done", "已完成"),
    "stopped": Text("stopped", "已停止"),
    "failed": Text("failed", "失败"),
    "interrupted": Text("interrupted", "意外中断"),
}


@dataclass(frozen=True)
class Job:
    """A training job. `seconds` of training so far, `seconds_left` at its own pace, `per_second` pictures or tokens.

    A queued job has its place in the queue and, where that is known, the seconds until its turn.
    """

    folder: Path
    request: TrainRequest
    status: JobState
    step: int
    seconds: float
    per_second: float
    usable: bool
    position: int | None = None
    wait_seconds: float | None = None

    @property
    def name(self) -> str:
        """The run's name."""
        return self.folder.name

    @property
    def model(self) -> str:
        """Its id in the pickers."""
        return f"runs/{self.name}"

    @property
    def state(self) -> State:
        """queued, running, done, stopped, failed or interrupted."""
        return self.status.state

    @property
    def cause(self) -> Text | None:
        """Why it failed or was interrupted."""
        return self.status.cause

    @property
    def device(self) -> str:
        """The device wished for, then the one it runs on."""
        return self.status.device

    @property
    def queued_at(self) -> float:
        """When it was asked for, in seconds since 1970."""
        return self.status.queued_at

    @property
    def started_at(self) -> float | None:
        """When its process last began."""
        return self.status.started_at

    @property
    def ended_at(self) -> float | None:
        """When it ended."""
        return self.status.ended_at

    @property
    def steps(self) -> int:
        """The last step."""
        return self.request.steps

    @property
    def active(self) -> bool:
        """Whether it trains or waits to."""
        return self.state in ("queued", "running")

    @property
    def can_resume(self) -> bool:
        """Whether there is something left to do, and a save to go on from where the run is a model already."""
        left = self.state != "done" or self.step < self.steps
        return not self.active and left and not self.without_state

    @property
    def without_state(self) -> bool:
        """Whether it is a model alone, as it comes in a zip: training it on would begin anew, over its weights."""
        return self.usable and not self._run.has_state()

    @property
    def seconds_left(self) -> float | None:
        """Until the last step at the pace so far, or as a dry run promised; None where neither is known."""
        if self.step and self.seconds:
            return (self.steps - self.step) * self.seconds / self.step
        return self.status.expected_seconds or None

    def words(self, lang: str) -> str:
        """The state, such as "training, step 120 of 500, 40 s left" or "failed: the disk is full"."""
        parts = [STATES[self.state]]
        if self.position:
            parts.append(Text(f"place {self.position}", f"第 {self.position} 位"))
        if self.wait_seconds is not None:
            wait = duration(self.wait_seconds, lang)
            parts.append(Text(f"starts in about {wait}", f"约 {wait}后开始"))
        if self.state != "queued" and (self.step or self.state != "failed"):
            parts.append(Text(f"step {self.step} of {self.steps}", f"第 {self.step}/{self.steps} 步"))
        if self.state == "running" and self.seconds_left is not None:
            left = duration(self.seconds_left, lang)
            parts.append(Text(f"{left} left", f"剩余 {left}"))
        return joined([joined(parts, ", ", "，"), self.cause], ": ", "：").say(lang)

    def log(self) -> list[dict[str, Any]]:
        """The lines of log.jsonl."""
        return self._run.log()

    def events(self) -> list[dict[str, Any]]:
        """The lines of events.jsonl."""
        return self._run.events()

    def samples(self) -> list[Path]:
        """What the fixed seeds gave, oldest first; a file's stem is its step."""
        return self._run.samples()

    def figures(self) -> dict[str, Any]:
        """What was measured at the end; empty before."""
        return read_object(self.folder / "figures.json")

    def manifest(self) -> dict[str, Any]:
        """What the data were, where they are somebody's own; else empty."""
        return read_object(self.folder / "manifest.json")

    def tail(self, lines: int = 20) -> str:
        """The last lines that the process printed."""
        return "\n".join(read_end(self.folder / "worker.log").splitlines()[-lines:])

    @property
    def _run(self) -> Any:
        return JobFolder(self.folder).run


def look(folder: JobFolder, request: TrainRequest, status: JobState, **place: Any) -> Job:
    """The snapshot; `place` is that in the queue."""
    last = last_line(folder.path / "log.jsonl")
    return Job(
        folder=folder.path,
        request=request,
        status=status,
        step=int(last.get("step", 0)),
        seconds=float(last.get("seconds", 0.0)),
        per_second=float(last.get("per_second", 0.0)),
        usable=folder.is_usable(),
        **place,
    )


def last_line(path: Path) -> dict[str, Any]:
    """The last whole line of a JSONL file, however long the file; empty without any."""
    for line in reversed(read_end(path).splitlines()):
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            return value
    return {}


def read_end(path: Path) -> str:
    """The last TAIL bytes of a text file; empty where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - TAIL, 0))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object; empty where there is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def duration(seconds: float, lang: str) -> str:
    """Such as "40 s", "3 min" or "2.5 h"."""
    if seconds < 90:
        return Text(f"{seconds:.0f} s", f"{seconds:.0f} 秒").say(lang)
    if seconds < 5400:
        return Text(f"{seconds / 60:.0f} min", f"{seconds / 60:.0f} 分钟").say(lang)
    return Text(f"{seconds / 3600:.1f} h", f"{seconds / 3600:.1f} 小时").say(lang)
