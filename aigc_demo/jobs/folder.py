"""What a run folder says of its job: train.json, what was asked for, and job.json, how far it has come."""

import json
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from aigc_demo.core.disk import write_json
from aigc_demo.core.settings import VISITORS
from aigc_demo.core.words import Text
from aigc_demo.jobs.request import NAME, TrainRequest
from aigc_demo.models.run_folder import RunFolder
from aigc_demo.models.safetensors_header import weights_of

State = Literal["queued", "running", "done", "stopped", "failed", "interrupted"]


class JobState(BaseModel):
    """job.json. Times are seconds since 1970; `device` is the one wished for, then the one it runs on.

    `precision` is what it multiplies in, from its first step to its last. `expected_seconds` is what a dry run promised,
    zero where there was none; `processes` train it on this machine. `until` is the step at which it is to stop for now,
    0 where it is to go to its last.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    state: State
    cause: Text | None = None
    queued_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None
    pid: int | None = None
    device: str = "auto"
    precision: Literal["float32", "bfloat16", ""] = ""
    expected_seconds: float = 0.0
    processes: int = 1
    until: int = 0


class JobFolder:
    """A run folder as a job. Both files are replaced whole, so that readers never see half of one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        self.run = RunFolder(path)

    @property
    def visitor(self) -> str:
        """The visitor of a public page whose job it is; "" where it is the owner's."""
        return self.path.parent.name if self.path.parent.parent.name == VISITORS else ""

    def request(self) -> TrainRequest | None:
        """What was asked for; None where train.json is missing or is no request of this version."""
        try:
            return TrainRequest.model_validate({**_read(self.path / "train.json"), "name": self.name})
        except (OSError, ValueError):
            return None

    def state(self) -> JobState:
        """How far it has come. A folder without job.json came from elsewhere, or its writer died before the queue."""
        try:
            return JobState.model_validate(_read(self.path / "job.json"))
        except (OSError, ValueError):
            whole = weights_of(self.path).exists()
            return JobState(state="done" if whole else "interrupted")

    def write_request(self, request: TrainRequest) -> None:
        """Write train.json."""
        write_json(self.path / "train.json", request.model_dump())

    def update(self, **changes: Any) -> JobState:
        """Write job.json with `changes`."""
        state = self.state().model_copy(update=changes)
        write_json(self.path / "job.json", state.model_dump(mode="json"))
        return state

    def is_usable(self) -> bool:
        """Whether the run is a model that can be chosen already."""
        files = (weights_of(self.path), self.path / "config.json", self.path / "README.md")
        return all(path.exists() for path in files)


def find_folders(runs_dir: Path) -> list[JobFolder]:
    """The jobs of a runs folder, by name."""
    if not runs_dir.is_dir():
        return []
    folders = (JobFolder(path) for path in sorted(runs_dir.iterdir()) if re.match(NAME, path.name))
    return [folder for folder in folders if (folder.path / "train.json").is_file()]


def find_all_folders(runs_dir: Path) -> list[JobFolder]:
    """The jobs of the owner and of every visitor of a public page."""
    visitors = runs_dir / VISITORS
    theirs = sorted(visitors.iterdir()) if visitors.is_dir() else []
    return [job for folder in (runs_dir, *theirs) for job in find_folders(folder)]


def _read(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(value, dict):
        raise ValueError(f"{path.name} is no object")
    return value
