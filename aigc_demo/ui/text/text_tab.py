"""The Text tab: have a language model write, see the odds of every token, and look inside."""

from collections.abc import Iterator
from html import escape
from typing import Any

import gradio as gr

from aigc_demo import actions
from aigc_demo.actions import TextResult, write_text
from aigc_demo.language.writers import own_sampling, settle
from aigc_demo.models.family import runs_here, serving
from aigc_demo.runtime.registry import cards_for, find_card
from aigc_demo.schemas import TextRequest, check
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.adapters import AdapterFields
from aigc_demo.ui.page.context import StopFlag, polite
from aigc_demo.ui.page.events import COMPUTES, PRIVATE, QUICK, index_of
from aigc_demo.ui.page.generation_tab import GenerationTab
from aigc_demo.ui.page.gradio_gaps import when_chosen
from aigc_demo.ui.page.language import Say
from aigc_demo.ui.page.panels import CodePanel, Lesson, Memory
from aigc_demo.ui.page.progress import TokenProgress, remark, status, with_status
from aigc_demo.ui.page.widgets import card_lines, chosen_card, chosen_model, model_picker
from aigc_demo.ui.text import odds
from aigc_demo.ui.text.alternatives import GO_ON, alternatives, beginning
from aigc_demo.ui.text.attention import AttentionPanel
from aigc_demo.ui.text.derivation_panel import DerivationPanel
from aigc_demo.ui.text.drafts_panel import DraftsPanel
from aigc_demo.ui.text.inside_panel import InsidePanel
from aigc_demo.ui.text.side_panel import SidePanel
from aigc_demo.ui.text.template_panel import TemplatePanel
from aigc_demo.ui.text.token_view import CHOOSE
from aigc_demo.ui.text.watermark_panel import WatermarkPanel, watermark_field

POEMS, AUSTEN = "gpt-poems", "gpt-austen"
EXAMPLES: dict[str, dict[str, Any]] = {
    "spring": {"model": POEMS, "prompt": "春望", "form": "qijue", "seed": 1},
    "birthday": {"model": POEMS, "prompt": "贺友人", "form": "qijue", "heads": "生日快乐"},
    "regulated": {"model": POEMS, "prompt": "秋夜登楼", "form": "qilu"},
    "cold": {"model": POEMS, "prompt": "月夜", "form": "wujue", "count": 4, "temperature": 0.3, "drafts": 1},
    "hot": {
        "model": POEMS,
        "prompt": "月夜",
        "form": "wujue",
        "count": 4,
        "temperature": 1.5,
        "top_k": 0,
        "top_p": 1.0,
        "drafts": 1,
    },
    "austen": {
        "model": AUSTEN,
        "prompt": "It is a truth universally acknowledged",
        "prompt_is": "opening",
        "max_new_tokens": 160,
    },
    "darcy": {"model": AUSTEN, "prompt": "My dear Mr. Darcy,", "prompt_is": "opening", "seed": 1},
    "ball": {"model": AUSTEN, "prompt": "The ball was", "prompt_is": "opening", "seed": 2},
}
OPENING = {"en": "austen", "zh": "spring"}
VERSE_ONLY = ("prompt_is", "form", "heads", "drafts", "simplified")
SAMPLED = ("temperature", "top_k", "top_p", "repetition_penalty", "drafts")  # of which a model has its own
FOLDED = ("prompt_is", "max_new_tokens", *SAMPLED, "simplified")


class TextTab(GenerationTab):
    """Components and handlers of the tab. `fields` are its widgets by request field."""

    task = "text"
    title = "mode.text"
    request_type = TextRequest
    runs_as_it_is = True

    def _build_ask(self) -> None:
        """The title or opening, its form, the button, examples, the model, the rest."""
        context, words = self.context, self.context.words
        chosen = chosen_card(context, "text", POEMS)
        verse = self._is_verse(chosen.id)
        hints = {name: words(f"text.{name}_hint") for name in ("prompt", "heads")}
        prompt = self._field("prompt", max_lines=4, placeholder=hints["prompt"], info=None)
        form = self._field("form", visible=verse, info=None)
        heads = self._field("heads", visible=verse, placeholder=hints["heads"], info=None)
        kept = self._field("continue_from", visible=False, max_lines=6)
        self._run_buttons("action.write", another=True)
        self._build_examples()
        picker, self.card_lines = model_picker(context, "text", POEMS, "text-model")
        self.adapters = AdapterFields(context, self.task, TextRequest, chosen.id)
        self.prompt_templates = TemplatePanel(context, self.task, opening=True, visible=not verse)
        with gr.Accordion(words("shell.more"), open=False, elem_id="text-more"):
            count, seed = self._field("count"), self._seed_field()
            folded = {
                name: self._field(
                    name,
                    **({"visible": verse} if name in VERSE_ONLY else {}),
                    **({"value": own_sampling(chosen)[name]} if name in SAMPLED else {}),
                )
                for name in FOLDED
            }
            watermark = watermark_field(context, self.task, TextRequest)
        self.fields = {
            "model": picker,
            "prompt": prompt,
            "form": form,
            "heads": heads,
            "count": count,
            "seed": seed,
            **folded,
            "watermark": watermark,
            "continue_from": kept,
            **self.adapters.fields,
        }

    def _build_examples(self) -> None:
        """One button an example, for the models that are here."""
        here = {card.id for card in cards_for(self.task, self.context.settings)}
        names = [name for name, values in EXAMPLES.items() if values["model"] in here]
        self.examples = self._example_buttons(names, "text_example")
        self.opening = {
            lang: str(self.examples[name].elem_id) for lang, name in OPENING.items() if name in names
        }

    def _build_see(self) -> None:
        """The text, the odds, take away."""
        words = self.context.words
        self.result = gr.State(None)
        self.text = gr.HTML(pictures.empty(words("text.empty")), js_on_load=CHOOSE, elem_id="text-view")
        self.status = gr.HTML("", elem_id="text-status")
        self.note = gr.HTML("", elem_id="text-note")
        self.odds = gr.HTML("", js_on_load=GO_ON, elem_id="text-odds")
        self.drafts = DraftsPanel(self.context, self.task)
        with gr.Row(elem_classes="small-buttons"):
            self._download_buttons(("txt", "md", "json"), actions.write_texts, self.result)

    def _build_look(self) -> None:
        """Attention, the watermark, how it works, the code."""
        context = self.context
        self.derivation = DerivationPanel(context, self.task)
        self.attention = AttentionPanel(context, self.task)
        self.inside = InsidePanel(context, self.task)
        self.mark = WatermarkPanel(context, self.task)
        self.side = SidePanel(context)
        self.lesson = Lesson(context, serving("text"), "", "text-lesson")
        self.code = CodePanel.build(context, "text-code")

    def _connect(self) -> None:
        shown = [self.result, self.text, self.status, self.note, self.odds]
        writes = {
            "outputs": [*shown, *self.looks()],
            **COMPUTES,
        }
        asked = [self.go.click, self.fields["prompt"].submit, self.fields["heads"].submit]
        ran = gr.on(asked, self.run, set(self.fields.values()), **writes)
        went_on = self.odds.select(self.go_on, self.result, **writes)
        self.runs = [(ran, self.result), (went_on, self.result)]
        self.halt.click(self.stop, **QUICK)
        for name, button in self.examples.items():
            self._run_after(button.click(self.example(name), None, self.settable(), **PRIVATE))
        when_chosen(self.fields["model"])(self.choose_model, self.fields["model"], self.settable(), **QUICK)
        self.drafts.view.select(
            self.take_draft, self.result, [self.result, self.text, self.odds, *self.looks()], **QUICK
        )
        self.text.select(self.pick_token, self.result, self.odds, trigger_mode="always_last", **QUICK)
        self.attention.connect(self.result)
        self.inside.connect(self.result, self.text)
        self.side.connect(self.fields["prompt"], self.fields["seed"])
        self.prompt_templates.connect(prompt=self.fields["prompt"])

    def looks(self) -> list[Any]:
        """The components that change with the text below it."""
        panels = (self.mark, self.attention, self.inside, self.drafts, self.derivation)
        return [*vars(self.code).values(), *(part for panel in panels for part in panel.outputs())]

    def settable(self) -> list[Any]:
        """The components that `show` may update."""
        groups = self.lesson.groups.values()
        return [*self.fields.values(), self.card_lines, self.prompt_templates.fold, *groups]

    def show(self, request: TextRequest, lang: str) -> dict[Any, Any]:
        """Updates that put a request's settings into the widgets."""
        request = settle(request, find_card(request.model, self.context.settings, self.task))
        updates = self.for_model(request.model, lang, request.adapter)
        updates = self.with_values(updates, request.model_dump(exclude={"adapter"}))
        updates[self.fields["model"]] = chosen_model(self.context, self.task, request.model, lang)
        kept = request.continue_from
        updates[self.fields["continue_from"]] = gr.update(value=kept, visible=bool(kept))
        return updates

    def _is_verse(self, model: str | None) -> bool:
        cards = cards_for(self.task, self.context.settings)
        return all(odds.is_verse(card) for card in cards if card.id == model)

    def for_model(self, model: str, lang: str, adapter: str = "") -> dict[Any, Any]:
        """Updates of what depends on the model: its card, lesson and adapters, and what only a writer of verse has."""
        card = find_card(model, self.context.settings, self.task)
        verse = odds.is_verse(card)
        return {
            **self.with_values(
                {self.fields[name]: gr.update(visible=verse) for name in VERSE_ONLY}, own_sampling(card)
            ),
            self.card_lines: gr.update(value=card_lines(self.context, card, lang)),
            self.prompt_templates.fold: gr.update(visible=not verse),
            **self.adapters.for_model(model, lang, adapter),
        }

    def example(self, name: str) -> Any:
        """A handler that puts an example's settings into the widgets."""

        def fill(visitor: gr.Request) -> dict[Any, Any]:
            return self.show(check(TextRequest, EXAMPLES[name]), self.context.lang(visitor))

        return fill

    def asked(self, values: dict[Any, Any]) -> TextRequest:
        """The request of the widgets; for prose the prompt is always the opening, and verse's fields are left out."""
        given = self.given(values)
        if not odds.is_verse(find_card(given["model"] or "", self.context.settings, self.task)):
            given = {name: value for name, value in given.items() if name not in VERSE_ONLY}
            given["prompt_is"] = "opening"
        return check(TextRequest, given)

    @polite
    def run(self, values: dict[Any, Any], visitor: gr.Request) -> Iterator[dict[Any, Any]]:
        """Write, showing the text as it grows and its odds when it is done."""
        asked = self.asked(values)
        stop = self.context.begin(visitor, self.task)
        yield from with_status(self.status, self.context.starting(visitor), self._write(asked, stop, visitor))

    @polite
    def go_on(
        self, result: TextResult | None, event: gr.EventData, visitor: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        """Another token was chosen: the text up to it is kept, and the rest written anew by the same seed."""
        sample = max(0, index_of(event, "sample"))
        if result is None or sample >= len(result.samples):
            return
        tokens, place = result.samples[sample].tokens, index_of(event, "token")
        kept = beginning(tokens, place, index_of(event, "choice"))
        if kept is None:
            return
        own = (draft.seed for draft in result.drafts if draft.sample == result.samples[sample])
        seed = next(own, result.request.seed + sample)
        alone = {"continue_from": kept, "count": 1, "drafts": 1, "seed": seed}
        asked = check(TextRequest, {**result.request.model_dump(), **alone})
        stop = self.context.begin(visitor, self.task)
        yield from with_status(self.status, self.context.starting(visitor), self._write(asked, stop, visitor))

    def _write(self, asked: TextRequest, stop: StopFlag, visitor: gr.Request) -> Iterator[dict[Any, Any]]:
        say, progress, result = self.context.translator(visitor), TokenProgress(), None
        for result in write_text(asked, self.context.cache, stop):
            progress.count(sum(len(sample.tokens) for sample in result.samples))
            if progress.update_due():
                light = odds.plain_texts(result)
                yield {self.text: light, self.status: status(say("text.writing", tokens=progress.tokens))}
                progress.update_sent(len(light))
        if result is None or not progress.tokens:
            return
        written = [token for sample in result.samples for token in sample.tokens]
        shown = {
            **self._shown(result, say, visitor),
            self.note: odds.kept_html(result.samples[0].tokens, result.request.continue_from, say)
            + odds.done_html(written, progress.tokens_per_second(), say)
            + remark(result.note, self.context.lang(visitor)),
        }
        yield stop.newest(shown)

    def _shown(self, result: TextResult, say: Say, visitor: gr.Request) -> dict[Any, Any]:
        """Updates that show a finished result, and what can be seen of it."""
        return {
            self.result: result,
            self.text: odds.texts(result, say),
            self.odds: f'<p class="note choose">{escape(say("text.choose"))}</p>',
            **self.mark.show(result, say),
            **self.attention.fit(result),
            **self.inside.fit(result),
            **self.drafts.show(result, say),
            **self.derivation.show(result, say),
            **self.code.show(result.request, visitor),
        }

    @polite
    def take_draft(self, result: TextResult | None, event: gr.EventData, visitor: gr.Request) -> Any:
        """Another draft was chosen: it is the result now."""
        if result is None or not result.drafts:
            return gr.skip()
        place = max(0, min(index_of(event, "draft"), len(result.drafts) - 1))
        return self._shown(result.take(place), self.context.translator(visitor), visitor)

    def pick_token(self, result: TextResult | None, event: gr.EventData, visitor: gr.Request) -> Any:
        """A token was chosen: show what else the model had in mind."""
        if result is None:
            return gr.skip()
        sample = max(0, min(index_of(event, "sample"), len(result.samples) - 1))
        place = max(0, min(index_of(event, "token"), len(result.samples[sample].tokens) - 1))
        if place < 0:
            return gr.skip()
        tokens, say = result.samples[sample].tokens, self.context.translator(visitor)
        here = runs_here(result.card.family)
        return alternatives(tokens, place, say, sample, result.request, goes_on=here)

    def memory(self, result: TextResult, lang: str) -> Memory:
        """The result for the history."""
        about = f"{result.card.id} · {self.context.words.say('image.seed', lang)} {result.request.seed}"
        return Memory(result.request, about, words=result.samples[0].text[:40])
