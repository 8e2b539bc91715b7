"""Sweeps that a lesson's tasks start by one press: tasks.yaml."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from aigc_demo.core.words import Text, parse_yaml


class SweepTask(BaseModel):
    """An entry of tasks.yaml: fields of a SweepRequest, whose data are by language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: Text
    data: Text
    base: dict[str, Any]
    vary: dict[str, str]
    search: str
    runs: int


@lru_cache(maxsize=1)
def tasks() -> tuple[SweepTask, ...]:
    """All tasks, in the lesson's order."""
    entries = parse_yaml(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
    return tuple(SweepTask(id=name, **entry) for name, entry in entries.items())
