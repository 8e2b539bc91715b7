"""How a model samples where it is not told: verse and prose want other settings, and a model may state its own.

Of four sources the last that names a setting decides: the kind of writer, generation_config.json in the model's folder
(as transformers has it), the model's card, the request.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from aigc_demo.core.errors import InputError
from aigc_demo.models.cards import ModelCard
from aigc_demo.schemas import TextRequest, check
from aigc_demo.schemas.base import own_fields

ANSWERED = "\n→ "  # between a question and the answer, in the samples of what learns from conversations
# Chosen by reading 40 texts of each kind; drafts: of verse alone, where rhyme and tones tell them apart.
SAMPLING: Mapping[str, Mapping[str, Any]] = {
    "verse": {"temperature": 0.7, "top_k": 20, "top_p": 0.9, "repetition_penalty": 1.1, "drafts": 8},
    "prose": {"temperature": 0.6, "top_k": 20, "top_p": 0.9, "repetition_penalty": 1.05, "drafts": 1},
}


def is_verse(card: ModelCard) -> bool:
    """Whether the model writes poems, with a form and perhaps an acrostic, rather than prose: one of our own in Chinese."""
    own = "text" in card.tasks and not card.kind and card.language != "en"
    return own and _read(card, "config.json").get("forms") != []  # a run on Chinese prose has none


def own_sampling(card: ModelCard) -> dict[str, Any]:
    """A value for each field of a TextRequest that a model has a default of its own for."""
    own = dict(SAMPLING["verse" if is_verse(card) else "prose"])
    for stated in (_read(card, "generation_config.json"), card.defaults):
        own |= {name: stated[name] for name in _fitting(stated, own)}
    return own


def settle(request: TextRequest, card: ModelCard) -> TextRequest:
    """The request with the model's own values in the fields that it left out. Prose has one draft."""
    own = own_sampling(card)
    left_out = own_fields(TextRequest) - request.model_fields_set
    values = {name: own[name] for name in left_out}
    return request.model_copy(update=values if is_verse(card) else {**values, "drafts": 1})


def for_transformers(verse: bool) -> dict[str, Any]:
    """What generation_config.json of a model of ours says of sampling, so that `generate()` does as the app does."""
    own = SAMPLING["verse" if verse else "prose"]
    return {"do_sample": True, **{name: value for name, value in own.items() if name != "drafts"}}


def _read(card: ModelCard, name: str) -> Mapping[str, Any]:
    """A JSON object in the model's folder; empty where there is none, as for a model on a server."""
    with suppress(OSError, ValueError):
        found = json.loads((card.folder / name).read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}


def _fitting(stated: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Those of `names` that are stated, with values that a request takes: the file may be anybody's."""
    fitting = []
    for name in names:
        with suppress(InputError):
            if stated.get(name) is not None:
                check(TextRequest, {name: stated[name]})
                fitting.append(name)
    return fitting
