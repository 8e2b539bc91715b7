"""What goes into a published folder, decided from a model's card before anything is written."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.hub.catalogue import find_entry
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import runs_here
from aigc_demo.publish.requirements import packages_of
from aigc_demo.runtime import registry
from aigc_demo.safety import seen_everything
from aigc_demo.schemas.tasks import TASKS, tab_of

COMMIT = re.compile(r"^[0-9a-f]{40}$")
POEM, PROSE = "春望", "It was a fine morning"


@dataclass(frozen=True)
class Plan:
    """A Space before it is written. `card` is the model to show, None for the whole app.

    copied: models whose folders go along; pinned: models of the hub, which the Space fetches at their commit. tabs:
    those that show the model, empty for all. example: what the smoke test asks.
    """

    card: ModelCard | None
    title: str
    licence: str
    hardware: str
    tabs: tuple[str, ...]
    packages: tuple[str, ...]
    example: Mapping[str, Any]
    copied: tuple[ModelCard, ...] = ()
    pinned: tuple[ModelCard, ...] = field(default=())

    @property
    def name(self) -> str:
        """What to call the Space's repository: letters, digits and dashes."""
        return re.sub(r"[^a-z0-9]+", "-", (self.card.id if self.card else "aigc-demo").lower()).strip("-")


def can_publish(card: ModelCard | None, settings: Settings) -> bool:
    """Whether a folder can be made of a model: on one's own machine, of one that a tab shows."""
    if card is None or settings.mode != "local":
        return False
    try:
        plan_for(card.id, settings)
    except InputError:
        return False
    return True


def plan_for(model_id: str, settings: Settings) -> Plan:
    """The plan for a model or an adapter, or for the whole app where the id is empty; an InputError where there is none."""
    require_right(settings)
    if not model_id:
        return _whole(settings)
    card = registry.find_card(model_id, settings)
    models = [_base(card, settings), card] if card.base else [card]
    tabs = tuple(dict.fromkeys(filter(None, map(tab_of, models[0].tasks))))
    if not tabs or not runs_here(card.family) or card.id.startswith("local/"):
        raise InputError(
            en=f"{card.id} cannot be published: choose a model that was trained here or fetched from the hub and that a tab shows.",
            zh=f"无法发布 {card.id}：请选择在本机训练的或从 hub 下载的、有标签页可以展示的模型。",
        )
    if "draw" in tabs and seen_everything(models[0]):
        models += [one for one in registry.cards_for("moderate", settings) if one not in models]
    pinned = tuple(model for model in models if COMMIT.match(model.revision))
    return Plan(
        card=card,
        title=f"{card.title.en} · {card.title.zh}" if card.title.en != card.title.zh else card.title.en,
        licence=card.licence,
        hardware="zero-a10g" if pinned else "cpu-basic",
        tabs=(*tabs, "verify"),
        packages=packages_of(models),
        example=_example(card, tabs[0]),
        copied=tuple(model for model in models if model not in pinned),
        pinned=pinned,
    )


def require_right(settings: Settings) -> None:
    """An InputError where the page is a public one."""
    if settings.mode != "local":
        raise InputError(
            en="Models are published from one's own machine only; start the app there.",
            zh="只能在自己的电脑上发布模型；请在本机启动应用。",
        )


def _whole(settings: Settings) -> Plan:
    """The app with all the models that come with it."""
    cards = tuple(card for card in registry.all_cards(settings) if card.folder.parent == settings.weights_dir)
    shown = next(card for card in cards if "image" in card.tasks)
    example = _example(shown, "image")
    return Plan(None, "AIGC Demo", "MIT", "cpu-basic", (), packages_of(None), example, copied=cards)


def _base(adapter: ModelCard, settings: Settings) -> ModelCard:
    """The model that an adapter belongs to, which is needed at a commit that can be fetched, or as a folder."""
    found = next((card for card in registry.all_cards(settings) if card.id == adapter.base), None)
    if found is None:
        raise InputError(
            en=f"{adapter.id} is an adapter of {adapter.base}, which is not on this disk; fetch that first.",
            zh=f"{adapter.id} 是 {adapter.base} 的适配器，但本机没有该模型；请先下载。",
        )
    return found


def _example(card: ModelCard, tab: str) -> dict[str, Any]:
    """One call of the API that the model answers soon."""
    task = next(task for task in TASKS if task.name == tab)
    fields, pictures = task.smoke, task.pictures
    model = {"model": card.base, "adapter": card.id} if card.base else {"model": card.id}
    if tab == "text":
        fields = {**fields, "prompt": POEM if card.language.startswith("zh") else PROSE}
    if tab == "walk" and not card.kind:
        pictures = ()
    entry = find_entry(card.base or card.id)
    defaults = {
        name: value
        for name, value in (entry.defaults if entry else {}).items()
        if name in ("width", "height")
    }
    return {
        "endpoint": f"/{task.endpoint}",
        "fields": {**fields, **defaults, **model},
        "pictures": list(pictures),
    }
