"""A sweep's files, in `<runs dir>/.sweeps/<name>/`: the truth about it, which any page or process can read.

sweep.json   what was asked for, and the settings of each run; written once
state.json   how far it is, replaced whole at every change
result.json  the choice and its test, written once at the end
STOP         somebody wishes it to end

How far each run is, its own folder says (jobs/folder.py).
"""

import json
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from aigc_demo.core.disk import write_json
from aigc_demo.core.words import Text
from aigc_demo.jobs.job import read_object
from aigc_demo.jobs.request import NAME
from aigc_demo.jobs.sweep.request import SweepRequest
from aigc_demo.jobs.sweep.space import Point
from aigc_demo.models.run_folder import Flag

SWEEPS = ".sweeps"
SweepPhase = Literal["waiting", "running", "testing", "done", "stopped", "failed", "interrupted"]


class SweepState(BaseModel):
    """state.json. Times are seconds since 1970.

    current: the run under way and the step that it goes to. left_out: runs that were stopped by hand. tries: how often a
    run whose process vanished was taken up again. chosen: the best run by the first half, written before its test.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    state: SweepPhase = "waiting"
    cause: Text | None = None
    asked_at: float = 0.0
    ended_at: float | None = None
    current: tuple[int, int] | None = None
    left_out: tuple[int, ...] = ()
    tries: dict[int, int] = {}
    chosen: int | None = None


class SweepFolder:
    """A sweep on the disk."""

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, path.name
        self.stop = Flag(path / "STOP")

    def write(self, request: SweepRequest, points: list[Point]) -> None:
        """Write sweep.json."""
        write_json(self.path / "sweep.json", {"request": request.model_dump(), "points": points})

    def read(self) -> tuple[SweepRequest, list[Point]] | None:
        """What was asked for, and the settings of each run; None where sweep.json is none of this version."""
        try:
            found = json.loads((self.path / "sweep.json").read_text(encoding="utf-8"))
            return SweepRequest.model_validate(found["request"]), list(found["points"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def state(self) -> SweepState:
        """How far it is."""
        try:
            return SweepState.model_validate(read_object(self.path / "state.json"))
        except ValueError:
            return SweepState(state="interrupted")

    def update(self, **changes: Any) -> SweepState:
        """Write state.json with `changes`."""
        state = self.state().model_copy(update=changes)
        write_json(self.path / "state.json", state.model_dump(mode="json"))
        return state

    def result(self) -> dict[str, Any]:
        """The choice and its test; empty before."""
        return read_object(self.path / "result.json")

    def write_result(self, result: dict[str, Any]) -> None:
        """Write result.json."""
        write_json(self.path / "result.json", result)


def find_sweeps(runs_dir: Path) -> list[SweepFolder]:
    """The sweeps of a runs folder, by name."""
    home = runs_dir / SWEEPS
    paths = sorted(home.iterdir()) if home.is_dir() else []
    return [SweepFolder(path) for path in paths if re.match(NAME, path.name)]
