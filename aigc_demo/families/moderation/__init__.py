"""Classifiers that say how likely a picture is one that should not be shown: the eyes of safety/.

Serves the task moderate, which no tab offers. The classifiers are of others, fetched like any model of the hub.
"""

from typing import TYPE_CHECKING

from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import Family, Kind
from aigc_demo.models.placement import Placement

if TYPE_CHECKING:
    from aigc_demo.families.moderation.hub_classifier import HubClassifier

FAMILY = Family(
    "moderation",
    Text("Moderation", "内容审核"),
    kinds={"picture_classifier": Kind(("moderate",), ("transformers",))},
)


def load_pretrained(card: ModelCard, placement: Placement) -> "HubClassifier":
    """The classifier of a checked folder, where `placement` says; an InputError where its files do not fit."""
    from aigc_demo.families.moderation.hub_classifier import HubClassifier

    return HubClassifier(card, placement)
