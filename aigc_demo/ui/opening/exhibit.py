"""An exhibit: what a model made of a request, recorded in small files, and the tab where it goes on."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import gradio as gr

from aigc_demo.actions.save import recipe_of
from aigc_demo.core.settings import Settings
from aigc_demo.provenance import SOURCE_TYPE, Label, Provenance
from aigc_demo.provenance.schema import PRODUCER
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.registry import all_cards, find_card
from aigc_demo.schemas import Request
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.language import LOCALES, Say
from aigc_demo.ui.page.theme import asset

RECORDED = Path(__file__).parent / "recorded"
UNDER = "/start/"  # where the server hands the recorded files out


class Exhibit(ABC):
    """One exhibit. `element` is the component that it is seen in, `button` takes it over into its tab."""

    name: ClassVar[str]
    task: ClassVar[str]  # whose tab takes it over
    asked: ClassVar[Mapping[str, Request]]  # what was recorded, by language
    element: gr.HTML
    button: gr.Button

    @abstractmethod
    def record(self, cache: ModelCache, lang: str) -> Mapping[str, bytes]:
        """The files of a language by name, made anew by the model; the same bytes whenever they are made."""

    @abstractmethod
    def stage(self, context: Context) -> gr.HTML:
        """What is seen, as a component with `script()`."""

    def here(self, settings: Settings) -> bool:
        """Whether a model of it is on this disk."""
        return bool(self._languages(settings))

    def shown_in(self, lang: str, settings: Settings) -> str:
        """The language of what a reader of `lang` is shown: another one where only its model is here."""
        found = self._languages(settings)
        return lang if lang in found else found[0]

    def _languages(self, settings: Settings) -> list[str]:
        models = {card.id for card in all_cards(settings)}
        return [lang for lang, request in self.asked.items() if request.model in models]

    def build(self, context: Context) -> None:
        """Place it: what is seen, a sentence, who made it, the button."""
        words = context.words
        with gr.Column(elem_id=f"exhibit-{self.name}", elem_classes="exhibit", min_width=280):
            self.element = self.stage(context)
            settings = context.settings
            both = (
                self.words_html(words.translator(lang), self.shown_in(lang, settings)) for lang in LOCALES
            )
            with gr.Row(elem_classes="foot"):
                gr.HTML(words.both(*both), elem_classes="say")
                self.button = gr.Button(
                    words(f"start.{self.name}.go"), size="sm", elem_id=f"start-{self.name}", min_width=120
                )

    def words_html(self, say: Say, shown: str) -> str:
        """The sentence, and who made what is shown in the language `shown`."""
        by = say("start.by", model=self.asked[shown].model)
        return f'<p>{say(f"start.{self.name}.say")}</p><p class="note">{by}</p>'

    def script(self) -> str:
        """What makes it move."""
        return asset("start.js") + asset(f"start_{self.name}.js")

    def brings(self) -> set[Any]:
        """Components whose values `carry_on` is given."""
        return set()

    def takes(self, tab: Any) -> list[Any]:
        """Components of the tab, beyond those of a recipe, that `carry_on` sets."""
        return []

    def carry_on(self, tab: Any, folder: Path, values: Mapping[Any, Any]) -> Mapping[Any, Any]:
        """Updates beyond those of the recipe; files for the visitor go into `folder`."""
        return {}

    @property
    def folder(self) -> Path:
        """Where its recorded files are."""
        return RECORDED / self.name

    def address(self, file: str) -> str:
        """The address of a recorded file, relative to the page; another one when the file changes, as browsers keep it."""
        digest = hashlib.sha256((self.folder / file).read_bytes()).hexdigest()[:12]
        return f"{UNDER[1:]}{self.name}/{file}?v={digest}"


def made_by(request: Request, settings: Settings) -> Provenance:
    """The label and the recipe of a recorded file. Its number is a digest of the recipe, so that making it again changes nothing."""
    recipe = recipe_of(request, find_card(request.model, settings))
    number = hashlib.sha256(recipe.model_dump_json().encode()).hexdigest()[:32]
    label = Label(
        Label="1", ContentProducer=PRODUCER, ProduceID=number, ContentPropagator=PRODUCER, PropagateID=number
    )
    return Provenance(label=label, source_type=SOURCE_TYPE, recipe=recipe)
