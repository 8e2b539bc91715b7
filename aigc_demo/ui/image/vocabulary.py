"""What a model that draws can be asked for, at hand beside the prompt; and the words of a prompt that it has never learned.

The browser puts phrases into the prompt and takes them away (assets/vocabulary.js). Unknown words are named by the
server as the prompt changes, whoever changes it: Gradio's `input` tells of keys alone, its `change` of all.
"""

import json
from dataclasses import asdict
from html import escape
from typing import Any

import gradio as gr

from aigc_demo.actions import unknown_words
from aigc_demo.core.errors import InputError
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import runs_here
from aigc_demo.models.phrases import Phrases
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.events import QUICK
from aigc_demo.ui.page.theme import asset

WORDS = ("title", "search", "random", "hits", "none")
TELL = "(model, prompt) => { dispatchEvent(new Event('aigc-prompt')); return [model, prompt]; }"


def is_own(card: ModelCard) -> bool:
    """Whether a model was trained by this app and runs here: one that draws small pictures in an instant."""
    return not card.kind and runs_here(card.family)


class Vocabulary:
    """The panel, and under the prompt the line of unknown words. `panel` tells `input` when the hand changes the prompt."""

    def __init__(self, context: Context, task: str, prompt: gr.Textbox) -> None:
        self.context, self.task, self.prompt = context, task, prompt
        self.unknown = gr.HTML("", elem_id=f"{task}-unknown", elem_classes="unknown-words")

    def build(self, card: ModelCard) -> None:
        """Place the panel, as it is for `card`."""
        self.panel = gr.HTML(
            value_for(card),
            html_template=self._template(),
            js_on_load=asset("vocabulary.js"),
            elem_id=f"{self.task}-vocabulary",
        )

    def connect(self, model: gr.Dropdown) -> None:
        """Name unknown words whenever the prompt changes, or the model."""
        for component in (self.prompt, model):
            component.change(
                self.name_unknown,
                [model, self.prompt],
                self.unknown,
                js=TELL,
                trigger_mode="always_last",
                **QUICK,
            )

    def _template(self) -> str:
        """The panel's own markup; the words of both languages travel with it, since Gradio translates no template."""
        say = self.context.words.say
        said = {
            lang: {key: say(f"vocabulary.{key}", lang, count="{count}") for key in WORDS}
            for lang in ("en", "zh")
        }
        return (
            f'<div class="vocabulary" hidden data-prompt="#{self.prompt.elem_id} textarea" data-view="#{self.task}-view" '
            f'data-dice="{self.task}-vocabulary-dice" '
            f'data-words="{escape(json.dumps(said, ensure_ascii=False))}"></div>'
        )

    def for_model(self, card: ModelCard) -> dict[Any, Any]:
        """Updates for another model."""
        return {self.panel: value_for(card)}

    def name_unknown(self, model: str, prompt: str, visitor: gr.Request) -> str:
        """The words that the model has never learned, each with the one that was probably meant; "" where it knows all."""
        try:
            found = unknown_words(model, prompt or "", self.context.settings)
        except InputError:  # no such model: the button says so
            return ""
        return self.unknown_html(found, self.context.lang(visitor))

    def unknown_html(self, found: dict[str, str], lang: str) -> str:
        """The line as it is read aloud and seen."""
        if not found:
            return ""
        say = self.context.words.translator(lang)
        known = [
            f"<b>{escape(word)}</b>" + (f" ({escape(say('vocabulary.meant', word=near))})" if near else "")
            for word, near in found.items()
        ]
        return f'<p role="status">{say("vocabulary.unknown", words=say("vocabulary.comma").join(known))}</p>'


def value_for(card: ModelCard) -> str:
    """What the browser has to know of a model: its phrases, and whether it draws while the prompt changes."""
    if not card.id or not is_own(card):
        return ""
    try:
        phrases = Phrases.load(card.folder)
    except (OSError, ValueError, KeyError, TypeError):  # of a folder that somebody brought: it draws without
        phrases = Phrases()
    return json.dumps({**asdict(phrases), "live": True}, ensure_ascii=False)
