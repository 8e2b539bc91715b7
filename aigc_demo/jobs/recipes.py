"""What to train on some data, and how: recipes.yaml by what is known of them, and first_trainings.yaml, ready to start."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from aigc_demo.core.settings import Settings
from aigc_demo.core.words import Text, parse_yaml
from aigc_demo.data import catalogue
from aigc_demo.data.imports import own_folder, read_manifest

Reads = Literal["pictures", "texts", "pairs"]


@dataclass(frozen=True)
class DataFacts:
    """What a recipe looks at: `amount` is how many pictures or pairs there are to train on, or characters of text; 0: unknown.

    captioned: whether most of one's own pictures say what they show.
    """

    name: str
    reads: Reads
    amount: int = 0
    captioned: bool = False


class When(BaseModel):
    """A condition on DataFacts: one of these names; else the kind, captions if asked for, and less than `fewer` of it if given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: tuple[str, ...] = ()
    reads: str = ""
    captioned: bool = False
    fewer: int = 0

    def fits(self, facts: DataFacts) -> bool:
        """Whether it holds."""
        if self.data:
            return facts.name in self.data
        few = not self.fewer or 0 < facts.amount < self.fewer
        return self.reads == facts.reads and few and (facts.captioned or not self.captioned)


class DataRecipe(BaseModel):
    """An entry of recipes.yaml: fields of a TrainRequest, and why these."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: When
    settings: dict[str, Any]
    why: Text


class FirstTraining(BaseModel):
    """An entry of first_trainings.yaml: data by language, and the seconds that their recipe takes on two idle cores."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: Text
    data: Text
    seconds: int


@lru_cache(maxsize=1)
def recipes() -> tuple[DataRecipe, ...]:
    """All recipes, special ones first."""
    return tuple(DataRecipe(**entry) for entry in _table("recipes").values())


@lru_cache(maxsize=1)
def first_trainings() -> tuple[FirstTraining, ...]:
    """Trainings that a press starts, the quickest first."""
    return tuple(FirstTraining(id=name, **entry) for name, entry in _table("first_trainings").items())


def facts_of(name: str, settings: Settings) -> DataFacts | None:
    """What is known of a data set of the catalogue or of one's own; None where there is none of this name."""
    if card := catalogue().get(name):
        counts = card.counts
        if card.here(settings.data_dir):
            source = json.loads((settings.data_dir / name / "source.json").read_text("utf-8"))
            counts = source.get("counts", counts)  # not said by a data set of an earlier version
        return DataFacts(name, card.reads, counts.get("train", counts.get("characters", 0)))
    folder = own_folder(name, settings.own_data_dir)
    if folder is None:
        return None
    manifest = read_manifest(folder)
    amount = "characters" if manifest.reads == "texts" else "train"
    most = 2 * manifest.counts.get("captions", 0) > len(manifest.files)
    return DataFacts(name, manifest.reads, manifest.counts.get(amount, 0), captioned=most)


def recipe_for(facts: DataFacts, family: str = "") -> DataRecipe | None:
    """The first recipe that fits the data, and trains `family` where one is given; None where there is none."""
    fitting = (recipe for recipe in recipes() if recipe.when.fits(facts))
    return next((recipe for recipe in fitting if family in ("", recipe.settings["family"])), None)


def _table(name: str) -> dict[str, dict[str, Any]]:
    return parse_yaml(Path(__file__).with_name(f"{name}.yaml").read_text("utf-8"))
