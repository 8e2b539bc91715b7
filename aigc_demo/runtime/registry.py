"""The one central list: which families there are, which models are on this disk, and how a card is loaded.

A family is a package of that name beside this file. Its `__init__.py` has `load(folder, device)` for models of its
own, `load_pretrained(card, placement)` for models of others that it can use, or both. It is imported when a card of
it is chosen, so that looking at the list costs nothing.
"""

from importlib import import_module
from types import ModuleType
from typing import Any

from aigc_demo import hub
from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.models.cards import ModelCard, Task, find_cards
from aigc_demo.models.placement import Placement
from aigc_demo.pretrained.loading import check_pinned

FAMILIES = ("gan", "vae", "transformer", "seq2seq", "diffusion", "upscaler", "remote", "moderation")


def all_cards(settings: Settings) -> list[ModelCard]:
    """Every model that can be chosen: those that came with the app, those trained here, those fetched or served."""
    return find_cards(settings.weights_dir) + trained(settings) + hub.fetched(settings) + served(settings)


def trained(settings: Settings) -> list[ModelCard]:
    """The models trained here: the owner's, and in public the visitor's own, which may have taken the same names."""
    folders = dict.fromkeys((settings.runs_dir, settings.own_runs_dir))
    return list({card.id: card for folder in folders for card in find_cards(folder, prefix="runs/")}.values())


def served(settings: Settings) -> list[ModelCard]:
    """The models of the servers that the settings name."""
    if not (settings.text_server or settings.image_server):
        return []
    return family_module("remote").cards(settings)


def adapters_for(model_id: str, settings: Settings) -> list[ModelCard]:
    """The adapters that were trained on a model."""
    return [card for card in trained(settings) if card.base == model_id]


def cards_for(task: Task, settings: Settings) -> list[ModelCard]:
    """The models that serve a task."""
    return [card for card in all_cards(settings) if task in card.tasks]


def find_card(model_id: str | None, settings: Settings, task: Task | None = None) -> ModelCard:
    """The card with this id; an InputError that lists the choices where there is none or it does another thing."""
    cards = cards_for(task, settings) if task else all_cards(settings)
    for card in cards:
        if card.id == model_id:
            return card
    choices = ", ".join(card.id for card in cards) or "-"
    name = str(model_id or "-")
    name = name if len(name) <= 60 else name[:60] + "…"
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
    return import_module(f"aigc_demo.families.{family}")


def load(card: ModelCard, placement: Placement) -> Any:
    """Build the card's network where `placement` says and fill it from the card's folder, strictly."""
    family = family_module("upscaler" if card.kind == "upscaler" else card.family)
    if card.kind:
        check_pinned(card)
        return family.load_pretrained(card, placement)
    return family.load(card.folder, placement.device)
