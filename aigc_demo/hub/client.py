"""Asking the hub what there is. Nothing is fetched here.

Addresses, token and mirror are the client's own (HF_ENDPOINT, HF_TOKEN); the app has no setting of its own for them.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.hub.catalogue import Entry, catalogue, find_entry
from aigc_demo.hub.failures import sentence, wrong_id
from aigc_demo.hub.records import fetched
from aigc_demo.models.family import kinds
from aigc_demo.pretrained.allow_list import kind_of

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

MODEL_ID = re.compile(r"^[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}$")
PATIENCE = 10  # seconds to wait for an answer
MOST_LISTED = 30
# The hub's own names of tasks, which its search can filter by.
PIPELINE_TAGS = {
    "text": "text-generation", "chat": "text-generation",
    "draw": "text-to-image", "redraw": "text-to-image", "inpaint": "text-to-image", "image": "unconditional-image-generation",
}  # fmt: skip


@dataclass(frozen=True)
class Listing:
    """A line of a search: a model by id, and what is known of it without looking closer.

    entry: what the catalogue knows of it; None for a model that only the hub knows. kind: empty where its class is
    not told or not one that the app loads. downloads: in the last month.
    """

    id: str
    kind: str
    tasks: tuple[str, ...]
    licence: str
    gated: bool
    downloads: int
    parameters: int
    entry: Entry | None
    here: bool


def check_id(model_id: str, settings: Settings) -> str:
    """The id, trimmed; an InputError where it is none, or, on a public page, not one of the catalogue."""
    model_id = model_id.strip()
    if not MODEL_ID.match(model_id) or ".." in model_id:
        raise wrong_id(model_id)
    if not settings.rules.any_model and find_entry(model_id) is None:
        raise InputError(
            en=f"{model_id} is not in the catalogue; on a public page only those models can be fetched.",
            zh=f"{model_id} 不在目录中；公开网页只能获取目录中的模型。",
        )
    return model_id


def search(words: str, task: str, settings: Settings) -> list[Listing]:
    """Models by words in their names: those of the catalogue first, then, online and not in public, the hub's.

    `task` is one of cards.Task, or empty for all. Without words, or offline: the catalogue alone.
    """
    here = {card.id for card in fetched(settings)}
    words = " ".join(words.split())[:100]
    known = [
        entry
        for entry in catalogue()
        if (not task or task in entry.tasks) and _names(entry, words.lower().split())
    ]
    found = [_of_entry(entry, entry.id in here) for entry in known]
    if not words or is_offline(settings) or not settings.rules.any_model:
        return found
    shown = {entry.id for entry in known}
    return found + [
        line
        for line in _ask_hub(words, task, here)
        if line.id not in shown and (not task or task in line.tasks)
    ]


def is_offline(settings: Settings) -> bool:
    """Whether the network is not to be asked, by the app's setting or the client's own."""
    from huggingface_hub import is_offline_mode

    return settings.offline or is_offline_mode()


def repository(model_id: str, settings: Settings) -> Path:
    """Where the client's cache keeps a model."""
    return settings.hub_dir / f"models--{model_id.replace('/', '--')}"


def class_name_of(info: "ModelInfo") -> str:
    """The class that a model's config names, as the hub read it; empty where it does not tell."""
    config = info.config or {}
    pipeline = (config.get("diffusers") or {}).get("_class_name", "")
    names = config.get("architectures") or []
    return str(pipeline or (names[0] if names else ""))


def licence_of(info: "ModelInfo") -> str:
    """By the model's card, else by its tags; empty where neither says."""
    card = info.card_data.to_dict() if info.card_data else {}
    tags = [tag.removeprefix("license:") for tag in info.tags or [] if tag.startswith("license:")]
    named = card.get("license_name") or card.get("license") or (tags[0] if tags else "")
    return named[:100] if isinstance(named, str) else ""


def _ask_hub(words: str, task: str, here: set[str]) -> list[Listing]:
    """The most downloaded models with these words; HfApi.list_models asks the same, but without a time-out."""
    from huggingface_hub import ModelInfo, constants, get_session
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

    parameters: dict[str, Any] = {"search": words, "limit": MOST_LISTED, "sort": "downloads"}
    parameters["expand"] = ["config", "gated", "downloads", "safetensors", "tags", "pipeline_tag"]
    if tag := PIPELINE_TAGS.get(task):
        parameters["filter"] = tag
    try:
        answer = get_session().get(
            f"{constants.ENDPOINT}/api/models",
            params=parameters,
            headers=build_hf_headers(),
            timeout=PATIENCE,
        )
        hf_raise_for_status(answer)
        return [_of_info(ModelInfo(**line), here) for line in answer.json()[:MOST_LISTED]]
    except Exception as error:
        raise sentence(error) from error


def _names(entry: Entry, words: list[str]) -> bool:
    text = f"{entry.id} {entry.title.en} {entry.title.zh} {entry.summary.zh}".lower()
    return all(word in text for word in words)


def _of_entry(entry: Entry, here: bool) -> Listing:
    return Listing(
        entry.id, entry.kind, entry.tasks, entry.licence, entry.gated, 0, entry.parameters, entry, here
    )


def _of_info(info: "ModelInfo", here: set[str]) -> Listing:
    kind = kind_of(class_name_of(info))
    return Listing(
        id=info.id,
        kind=kind,
        tasks=kinds()[kind][1].tasks if kind else (),
        licence=licence_of(info) or "unknown",
        gated=bool(info.gated),
        downloads=info.downloads or 0,
        parameters=info.safetensors.total if info.safetensors else 0,
        entry=find_entry(info.id),
        here=info.id in here,
    )
