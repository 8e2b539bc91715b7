"""The models of others that the app knows by name: the cards.yaml of each family, read without importing the family.

No commit is written there: which one is newest is asked when a model is looked up, and the record of what was fetched
(records.py) pins it from then on. `revision` is the branch to ask for.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from aigc_demo.core.settings import ROOT
from aigc_demo.core.words import Text, parse_yaml
from aigc_demo.models.cards import ModelCard, Tasks

PACKAGE = ROOT / "aigc_demo"
RunsOn = Literal["cpu", "small-gpu", "big-gpu"]
RUNS_ON: Mapping[str, Text] = {
    "cpu": Text(en="runs on a CPU", zh="CPU 可运行"),
    "small-gpu": Text(en="wants a GPU of 4 to 8 GB", zh="建议 4–8 GB 显存的 GPU"),
    "big-gpu": Text(en="wants a GPU of 16 GB or more", zh="建议 16 GB 以上显存的 GPU"),
}


class Entry(BaseModel):
    """One model of the catalogue. Sizes are approximate; `defaults` are the request fields that it is made for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    family: str
    kind: str
    tasks: Tasks
    title: Text
    summary: Text
    parameters: int
    licence: str
    gated: bool = False
    download_bytes: int
    languages: tuple[str, ...] = ()
    runs_on: RunsOn
    recommended: bool = False
    defaults: dict[str, Any] = {}
    revision: str = "main"

    def card(self, folder: Path = Path("-")) -> ModelCard:
        """The card of this model, in `folder` once it has been fetched; for plans before that."""
        return ModelCard(
            id=self.id,
            folder=folder,
            family=self.family,
            kind=self.kind,
            tasks=self.tasks,
            title=self.title,
            summary=self.summary,
            parameters=self.parameters,
            licence=self.licence,
            data="see the model's page",
            language=",".join(self.languages),
            defaults=self.defaults,
        )


@lru_cache(maxsize=1)
def catalogue() -> tuple[Entry, ...]:
    """All entries, family by family, in the order of the files."""
    return tuple(
        Entry.model_validate({"family": path.parent.name, **block})
        for path in sorted(PACKAGE.glob("families/*/cards.yaml"))
        for block in parse_yaml(path.read_text(encoding="utf-8"))
    )


def find_entry(model_id: str) -> Entry | None:
    """The entry with this id; None for a model that the catalogue does not know."""
    return next((entry for entry in catalogue() if entry.id == model_id), None)
