"""The one central list: which families there are, which models are on this disk, and how a card is loaded.

A family is a package of that name beside this file, with `load(folder, device)` in its `__init__.py`. It is
imported when a card of it is chosen, so that looking at the list costs nothing.
"""

from importlib import import_module
from types import ModuleType
from typing import Any

from aigc_demo.cards import ModelCard, Task, find_cards
from aigc_demo.errors import InputError
from aigc_demo.settings import Settings

FAMILIES = ("gan", "vae", "transformer")


def all_cards(settings: Settings) -> list[ModelCard]:
    """Every model that can be chosen: those that came with the app, then those trained here."""
    return find_cards(settings.weights_dir) + find_cards(settings.runs_dir, prefix="runs/")


def cards_for(task: Task, settings: Settings) -> list[ModelCard]:
    """The models that serve a task."""
    return [card for card in all_cards(settings) if task in card.tasks]


def find_card(model_id: str, settings: Settings, task: Task | None = None) -> ModelCard:
    """The card with this id; an InputError that lists the choices where there is none or it does another thing."""
    cards = cards_for(task, settings) if task else all_cards(settings)
    for card in cards:
        if card.id == model_id:
            return card
    choices = ", ".join(card.id for card in cards) or "-"
    name = model_id if len(model_id) <= 60 else model_id[:60] + "…"
    raise InputError(
        en=f"There is no model {name} for this; choose one of {choices}.",
        zh=f"没有可用于此处的模型 {name}；请从 {choices} 中选择。",
    )


def family_module(family: str) -> ModuleType:
    """The package of a family, imported now; an InputError that lists the families where it is none of them."""
    if family not in FAMILIES:
        raise InputError(
            en=f"There is no model family {family}; there are {', '.join(FAMILIES)}.",
            zh=f"没有模型家族 {family}；可用的有 {', '.join(FAMILIES)}。",
        )
    return import_module(f"aigc_demo.{family}")


def load(card: ModelCard, device: str) -> Any:
    """Build the card's network on `device` and fill it from the card's folder, strictly."""
    return family_module(card.family).load(card.folder, device)
