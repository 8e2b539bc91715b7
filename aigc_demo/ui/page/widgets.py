"""Components made from the fields of a request, and the small panels that tabs share."""

from collections.abc import Callable
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text, first_sentence
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import runs_here
from aigc_demo.runtime.registry import cards_for
from aigc_demo.schemas import MAX_SEED, Request
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.events import PRIVATE
from aigc_demo.ui.page.gradio_gaps import download_when_pressed
from aigc_demo.ui.page.language import literal_choices
from aigc_demo.ui.page.toasts import inform, refusal

NO_WORDS = Text(en="", zh="")
NOTHING = ModelCard(
    id="",
    folder=Path(),
    family="none",
    tasks=(),
    title=NO_WORDS,
    summary=NO_WORDS,
    parameters=0,
    licence="",
    data="",
)


def field(context: Context, task: str, request_type: type[Request], name: str, **changes: Any) -> Any:
    """The component of one request field: label, help, default and limits come from its schema."""
    schema = _schemas(request_type)[name]
    words = context.words
    options: dict[str, Any] = {
        "label": words(f"{task}.{name}"),
        "value": schema.get("default"),
        "elem_id": f"{task}-{name}".replace("_", "-"),
        "info": words(f"{task}.{name}.help") if words.say(f"{task}.{name}.help", "en") else None,
        **changes,
    }
    if "enum" in schema:
        choices = [(words(words.choice(name, value)), value) for value in literal_choices(request_type, name)]
        return gr.Radio(choices, **options)
    if schema["type"] == "boolean":
        return gr.Checkbox(**options)
    if schema["type"] == "string":
        return gr.Textbox(**options)
    if schema["maximum"] == MAX_SEED:  # no bounds here: the request's own check says more, in both languages
        return gr.Number(precision=0, **options)
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    options.setdefault("step", 1 if schema["type"] == "integer" else 0.05)
    return gr.Slider(low, schema["maximum"], **options)


@lru_cache
def _schemas(request_type: type[Request]) -> dict[str, Any]:
    """The JSON schema of each field, made once a request type."""
    return request_type.model_json_schema()["properties"]


def seed_field(
    context: Context, task: str, request_type: type[Request], name: str = "seed", **changes: Any
) -> gr.Number:
    """A seed with a button beside it that throws another one, in the browser alone."""
    elem_id = f"{task}-{name}-dice".replace("_", "-")
    with gr.Row(elem_classes="seed"):
        seed = field(context, task, request_type, name, min_width=80, info=None, **changes)
        button = gr.Button(context.words("action.dice"), size="sm", min_width=64, scale=0, elem_id=elem_id)
    button.click(None, None, seed, js=f"() => Math.floor(Math.random() * {MAX_SEED})")
    return seed


def chosen_card(context: Context, task: str, default: str) -> ModelCard:
    """The model that serves a task at first: `default`, else the first there is, else one that can do nothing."""
    cards = cards_for(task, context.settings)
    return next((card for card in cards if card.id == default), cards[0] if cards else NOTHING)


def model_picker(context: Context, task: str, default: str, elem_id: str) -> tuple[gr.Dropdown, gr.HTML]:
    """The pick list of the models that serve a task, as one line, and what the chosen one does under it."""
    chosen = chosen_card(context, task, default)
    picker = gr.Dropdown(
        model_choices(context, task),
        value=chosen.id or None,
        label=context.words("shell.model"),
        elem_id=elem_id,
        elem_classes="model-line",
        filterable=False,
    )
    return picker, gr.HTML(card_lines(context, chosen) if chosen.id else "", elem_classes="card-lines")


def model_choices(context: Context, task: str, lang: str | None = None) -> list[tuple[Any, str]]:
    """(shown, id) of each model that serves the task. Without `lang` the browser translates."""
    cards = cards_for(task, context.settings)
    if lang is not None:
        return [(f"{card.id} · {card.title.say(lang)}", card.id) for card in cards]
    return [
        (context.words.both(f"{card.id} · {card.title.en}", f"{card.id} · {card.title.zh}"), card.id)
        for card in cards
    ]


def chosen_model(context: Context, task: str, model: str, lang: str) -> Any:
    """An update of a model picker: the models that are on the disk now, and one of them chosen."""
    return gr.update(choices=model_choices(context, task, lang), value=model)


def card_lines(context: Context, card: ModelCard, lang: str | None = None) -> Any:
    """What the model does; in a fold the rest of its summary, size and licence. Without `lang` the browser translates."""
    if lang is None:
        return context.words.both(card_lines(context, card, "en"), card_lines(context, card, "zh"))
    say = context.words.say
    size = f"{card.parameters / 1e6:.1f} M" if card.parameters >= 1e5 else f"{card.parameters}"
    own = runs_here(card.family)
    facts = say("shell.card", lang, size=size, licence=card.licence) if own else say("models.served", lang)
    first, rest = first_sentence(card.summary.say(lang))
    details = "".join(f"<p>{escape(line)}</p>" for line in (rest, facts) if line)
    return (
        f"<p>{escape(first)}</p><details><summary>{say('shell.details', lang)}</summary>{details}</details>"
    )


def class_names(card: ModelCard, lang: str) -> list[str]:
    """The names of a model's classes; a model that knows none has one, of everything."""
    return card.classes.get(lang) or [Text("all", "全部").say(lang)]


def has_classes(card: ModelCard) -> bool:
    """Whether there is a class to choose."""
    return len(class_names(card, "en")) > 1


def class_choices(context: Context, card: ModelCard, lang: str | None = None) -> list[tuple[Any, str]]:
    """(shown, value) of a model's classes. Without `lang` the browser translates."""
    if lang is not None:
        return [(name, str(i)) for i, name in enumerate(class_names(card, lang))]
    en, zh = class_names(card, "en"), class_names(card, "zh")
    return [(name if name == zh[i] else context.words.both(name, zh[i]), str(i)) for i, name in enumerate(en)]


def download(
    context: Context,
    label: Any,
    elem_id: str,
    result: gr.components.Component,
    write: Callable[..., Path],
    visible: bool = True,
) -> gr.Button:
    """A button that has `write(result, folder, marking=...)` make a file, and hands it to the browser."""

    def make(value: Any, visitor: gr.Request) -> Any:
        if value is None:
            inform(context.words.say("toast.nothing", context.lang(visitor)))
            return gr.skip()
        try:
            return str(write(value, context.folder(visitor), marking=context.marking(visitor)))
        except InputError as error:
            raise refusal(error.say(context.lang(visitor))) from error

    return download_when_pressed(label, elem_id, make, result, visible, **PRIVATE)
