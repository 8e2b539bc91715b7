"""The left of the Models tab: where to look, for what, and the list of what was found."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import gradio as gr

from aigc_demo.core.errors import InputError
from aigc_demo.schemas.tasks import abilities
from aigc_demo.ui.models import sources as source
from aigc_demo.ui.models.listing import SIZES, Entry, Filters, list_html
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE
from aigc_demo.ui.page.panels import pick_list

LICENCES = ("any", "free", "open")


class FindPanel:
    """Components and handlers; `ids` are the models of the list, in its order, and `place` is where they were found."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.any_model = context.settings.rules.any_model  # in public the catalogue is all there is
        self.places = ("here", "catalogue", "packages", *(["hub"] if self.any_model else []))

    def build(self) -> None:
        """Where and what, the list, and, where the mode allows it, any other model by its id or folder."""
        words = self.context.words
        self.ids = gr.State([])
        self.place = gr.Radio(
            [(words(f"models.place.{name}"), name) for name in self.places],
            value="here",
            label=words("models.where"),
            elem_id="models-place",
        )
        self.words = gr.Textbox(
            "", label=words("models.words"), placeholder=words("models.words_hint"), max_lines=1, max_length=100,
            elem_id="models-words",
        )  # fmt: skip
        tasks = [("task.any", "any"), *((f"task.{task}", task) for task in abilities())]
        self.task = gr.Dropdown(
            [(words(key), task) for key, task in tasks], value="any", label=words("models.task"),
            elem_id="models-task", filterable=False,
        )  # fmt: skip
        with gr.Accordion(words("models.filters"), open=False, elem_id="models-filters"):
            self.licence = gr.Radio(
                [(words(f"models.licence.{name}"), name) for name in LICENCES], value="any",
                label=words("models.fact.licence"), elem_id="models-licence",
            )  # fmt: skip
            self.size = gr.Radio(
                [(words(f"models.size.{name}"), name) for name in SIZES], value="any",
                label=words("models.fact.download"), elem_id="models-size",
            )  # fmt: skip
            self.fits = gr.Checkbox(False, label=words("models.fits_here"), elem_id="models-fits")
        self.go = gr.Button(words("models.search"), elem_id="models-go")
        self.list = pick_list("", "models-list")
        self.note = gr.HTML("", elem_id="models-note")
        if self.any_model:
            with gr.Accordion(words("models.other"), open=False, elem_id="models-other"):
                gr.Markdown(words("models.other_help"), elem_classes="note")
                self.other = gr.Textbox(
                    "", label=words("models.other_id"), max_lines=1, max_length=1000, elem_id="models-id"
                )
                self.look_up = gr.Button(words("models.look"), size="sm", elem_id="models-look")

    def asked(self) -> list[Any]:
        """The components that say what is looked for."""
        return [self.place, self.words, self.task, self.licence, self.size, self.fits]

    def shown(self) -> list[Any]:
        """The components that `found` updates."""
        return [self.ids, self.list, self.note]

    def connect(self, chosen: gr.State) -> None:
        """What happens inside the panel; `chosen` is the id of the model that is shown."""
        self.chosen = chosen
        pressed = [part.input for part in self.asked() if part is not self.words]
        gr.on(
            [*pressed, self.words.submit, self.go.click],
            self.search,
            {chosen, *self.asked()},
            self.shown(),
            trigger_mode="always_last",
            concurrency_id="hub",
            concurrency_limit=4,
            **PRIVATE,
        )

    @polite
    def search(self, values: dict[Any, Any], visitor: gr.Request) -> dict[Any, Any]:
        """The list for what the widgets ask for."""
        asked = [values[part] for part in self.asked()]
        return self.found(asked, values[self.chosen], self.context.lang(visitor))

    def found(self, asked: Sequence[Any], chosen: str, lang: str) -> dict[Any, Any]:
        """Updates of the list for the values of `asked`; what the hub says against it stands where the list would."""
        place, words, task, licence, size, fits = asked
        say = self.context.words.say
        try:
            entries = self.entries(place, Filters(words or "", task, licence, size, fits))
        except InputError as error:
            return {self.ids: [], self.list: pictures.empty(escape(error.say(lang))), self.note: ""}
        html = list_html(entries, chosen, self.context.words, lang)
        return {
            self.ids: [entry.id for entry in entries],
            self.list: html if entries else pictures.empty(say(f"models.none.{place}", lang)),
            self.note: "".join(
                f'<p class="note">{escape(line)}</p>' for line in self.notes(place, entries, lang)
            ),
        }

    def notes(self, place: str, entries: Sequence[Entry], lang: str) -> Iterator[str]:
        """How many were found, how the servers stand, and which hub would be asked."""
        say = self.context.words.say
        if entries:
            yield say(f"models.count.{place}", lang, count=len(entries))
        if place == "here":
            yield from source.servers_said(self.context, lang)
        elif self.any_model and place != "packages":
            yield source.hub_said(self.context, lang)

    def entries(self, place: str, filters: Filters) -> list[Entry]:
        """The models of a place that pass the filters. The hub is asked only where downloads are allowed."""
        context = self.context
        if place not in self.places:
            raise InputError(
                en="This page lists its own models and the catalogue only.",
                zh="此页面只列出自带的模型和目录中的模型。",
            )
        if place == "hub":
            found, filters = source.searched(filters.words, filters.task, context), replace(filters, words="")
        elif place in ("catalogue", "packages"):
            found = {"catalogue": source.catalogue, "packages": source.packages}[place](context)
        else:
            found = source.here(context)
        return [entry for entry in found if filters.let_through(entry)]
