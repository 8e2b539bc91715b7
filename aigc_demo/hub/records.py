"""What has been fetched and checked: one JSON file a model, beside the user's data sets.

The weights stay in the hub client's own cache, where other programs find them too. A model is offered in the pickers
when its record is there and its folder still is.
"""

import json
import logging
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aigc_demo.core.disk import write_json
from aigc_demo.core.settings import Settings
from aigc_demo.hub.catalogue import Entry
from aigc_demo.models.cards import ModelCard

log = logging.getLogger(__name__)


def record_path(settings: Settings, model_id: str) -> Path:
    """The file that says that a model is here."""
    return settings.data_dir / "hub" / f"{model_id.replace('/', '--')}.json"


def keep(card: ModelCard, settings: Settings) -> None:
    """Write the record of a model whose files are all here and checked."""
    write_json(record_path(settings, card.id), card.model_dump(mode="json"))


def describe(card: ModelCard, entry: Entry | None, licence: str, revision: str) -> ModelCard:
    """The card of a checked model in the catalogue's words, where it is there; tasks are those that both know."""
    facts: dict[str, Any] = {"revision": revision, "licence": licence or card.licence}
    if entry:
        facts |= {"title": entry.title, "summary": entry.summary, "defaults": entry.defaults}
        facts |= {"language": ",".join(entry.languages)}
        facts |= {"tasks": tuple(task for task in card.tasks if task in entry.tasks)}
    return card.model_copy(update=facts)


def forget(model_id: str, settings: Settings) -> None:
    """Remove a record; the files are not touched."""
    record_path(settings, model_id).unlink(missing_ok=True)


def fetched(settings: Settings) -> list[ModelCard]:
    """The cards of all models that were fetched and still are here, by name."""
    here = [card for card in _cards(settings.data_dir / "hub") if card.folder.is_dir()]
    known = {card.id for card in here}
    return here + [card for card in pinned(settings) if card.id not in known]


def pinned_path(weights: Path, model_id: str) -> Path:
    """The file by which a published folder names a model of the hub, at a commit, without a folder."""
    return weights / "hub" / f"{model_id.replace('/', '--')}.json"


def pinned(settings: Settings) -> list[ModelCard]:
    """The models that this published folder names, as far as the hub client's cache has them at their commits."""
    found = []
    for card in _cards(settings.weights_dir / "hub"):
        folder = settings.hub_dir / f"models--{card.id.replace('/', '--')}" / "snapshots" / card.revision
        if folder.is_dir():
            found.append(card.model_copy(update={"folder": folder}))
    return found


def _cards(folder: Path) -> list[ModelCard]:
    cards = [_read(path, path.stat().st_mtime_ns) for path in sorted(folder.glob("*.json"))]
    return [card for card in cards if card]


@lru_cache(maxsize=256)
def _read(path: Path, modified: int) -> ModelCard | None:
    """The card in a record; None, told to the log, where it cannot be read. `modified` is part of the key."""
    try:
        return ModelCard.model_validate({"folder": "-", **json.loads(path.read_text("utf-8"))})
    except (OSError, ValueError, ValidationError) as error:
        log.warning("%s cannot be read: %s", path.name, error)
        return None
