"""Settings for a class: each shows something, mostly what goes wrong, so that one can watch the doctor name it."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from aigc_demo.core.words import Text, parse_yaml


class Preset(BaseModel):
    """One entry of presets.yaml. `settings` are fields of a TrainRequest, all but its name.

    `shows` is the name of a diagnosis, "divergence", or empty for a healthy run. Without data in `settings`, `text`
    is what to train on, or `needs` says what to bring.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: Text
    watch: Text
    shows: str = ""
    settings: dict[str, Any]
    text: str = ""
    needs: Text = Text(en="", zh="")


@lru_cache(maxsize=1)
def presets() -> tuple[Preset, ...]:
    """All presets, healthy ones first."""
    entries = parse_yaml(Path(__file__).with_name("presets.yaml").read_text(encoding="utf-8"))
    return tuple(Preset(id=name, **entry) for name, entry in entries.items())
