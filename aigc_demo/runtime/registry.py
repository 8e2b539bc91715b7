"""Which models are on this disk, or on a server, and how a card is loaded.

A family has `load(folder, device)` for models of its own, `load_pretrained(card, placement)` for models of others that
it can use, or both; one whose models run on servers has `standings(settings)`.
"""

from pathlib import Path
from typing import Any

from aigc_demo import hub
from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.models.cards import ModelCard, find_cards, own_card, read_card
from aigc_demo.models.family import families, family, kinds
from aigc_demo.models.placement import Placement


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
    return [card for standing in standings(settings) for card in standing.cards]


def standings(settings: Settings) -> list[Any]:
    """Each server that the settings name: whether it answers, and what it has."""
    served = [row.part() for row in families().values() if not row.local]
    return [standing for part in served for standing in part.standings(settings)]


def adapters_for(model_id: str, settings: Settings) -> list[ModelCard]:
    """The adapters that were trained on a model, here or by others."""
    return [card for card in trained(settings) + hub.fetched(settings) if card.base == model_id]


def cards_for(task: str, settings: Settings) -> list[ModelCard]:
    """The models that serve a task."""
    return [card for card in all_cards(settings) if task in card.tasks]


def find_card(model_id: str | None, settings: Settings, task: str | None = None) -> ModelCard:
    """The card with this id, or in this folder; an InputError that lists the choices where none does the task."""
    cards = cards_for(task, settings) if task else all_cards(settings)
    for card in cards:
        if card.id == model_id:
            return card
    if (card := card_in(model_id, settings)) and task in (None, *card.tasks):
        return card
    choices = ", ".join(card.id for card in cards) or "-"
    name = str(model_id or "-")
    name = name if len(name) <= 60 else name[:60] + "…"
    raise InputError(
        en=f"There is no model {name} for this; choose one of {choices}.",
        zh=f"没有可用于此处的模型 {name}；请从 {choices} 中选择。",
    )


def card_in(path: str | None, settings: Settings) -> ModelCard | None:
    """The card of the model in a folder of one's own; None where the mode names no folders, or it holds no model.

    A model of this app brings its card. Any other is checked once and kept as `hub get FOLDER` would.
    """
    if not path or not settings.rules.folder_paths:
        return None
    try:
        folder = Path(path).expanduser().resolve()
        if not any((folder / name).is_file() for name in ("config.json", "model_index.json")):
            return None
    except (OSError, ValueError, RuntimeError):  # too long, a zero byte, nobody's home
        return None
    if own_card(folder):
        return read_card(folder, f"{hub.OWN}{folder.name}")
    kept = next((card for card in hub.fetched(settings) if card.folder == folder), None)
    return kept or hub.add_folder(folder, settings)


def load(card: ModelCard, placement: Placement) -> Any:
    """Build the card's network where `placement` says and fill it from the card's folder, strictly."""
    if not card.kind:
        return family(card.family).part().load(card.folder, placement.device)
    if card.kind not in kinds():
        raise InputError(
            en=f"{card.id} is of the kind {card.kind[:60]}, which nothing here loads; choose another model.",
            zh=f"{card.id} 的类型为 {card.kind[:60]}，无法加载；请选择其他模型。",
        )
    loader, _ = kinds()[card.kind]
    return loader.part().load_pretrained(card, placement)
