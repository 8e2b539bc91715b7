"""Translate, summarise, answer a line of verse, in the Text tab: a sequence in, a sequence out, and where each word came from."""

from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import gradio as gr

from aigc_demo import actions
from aigc_demo.actions import RewriteResult, rewrite
from aigc_demo.core.errors import InputError
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import serving
from aigc_demo.runtime.registry import find_card
from aigc_demo.schemas import RewriteRequest, check
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.context import StopFlag, polite
from aigc_demo.ui.page.events import COMPUTES, QUICK
from aigc_demo.ui.page.generation_tab import GenerationTab
from aigc_demo.ui.page.gradio_gaps import when_chosen
from aigc_demo.ui.page.language import Say
from aigc_demo.ui.page.panels import CodePanel, Lesson, Memory
from aigc_demo.ui.page.progress import TokenProgress, remark, status, with_status
from aigc_demo.ui.page.widgets import card_lines, chosen_card, chosen_model
from aigc_demo.ui.text import odds
from aigc_demo.ui.text.heat_map import heat_map
from aigc_demo.ui.text.recorded_session import RecordedSession
from aigc_demo.ui.text.token_view import TokenView

# what each is for: a task, and whether it is one for models that were trained here
EXAMPLES = {
    "sun": ("couplet", True),
    "moon": ("couplet", True),
    "dialog": ("translate", True),
    "font": ("translate", True),
    "weather": ("translate", False),
    "austen": ("translate", False),
    "library": ("summarise", False),
    "deer": ("summarise", True),
}
OWN = ("temperature", "seed", "couplet_rules")  # what only models that were trained here are asked for
CAPTIONS = {"cross": "map_caption", "self": "map_caption_chat", "occlusion": "map_caption_occlusion"}


class RewriteTab(GenerationTab):
    """Components and handlers of the tab. `fields` are its widgets by request field."""

    task = "rewrite"
    title = "mode.rewrite"
    request_type = RewriteRequest

    def _build_ask(self) -> None:
        """The text and what to do with it, the button, examples, the model, the rest."""
        words, default = self.context.words, RewriteRequest.model_fields["model"].default
        self.card = chosen_card(self.context, "rewrite", default)
        text = self._field("text", value="", lines=4, max_lines=20, placeholder=words("rewrite.text_hint"))
        kind = self._field("task", value=tasks_of(self.card)[0])
        kind.choices = [(words(f"choice.{task}"), task) for task in tasks_of(self.card)]
        self._run_buttons("action.rewrite")
        self.examples = self._example_buttons(EXAMPLES, "rewrite_example")
        small = [name for name, (_, own) in EXAMPLES.items() if own and suits(name, self.card)]
        self.opening = {lang: str(self.examples[small[0]].elem_id) for lang in ("en", "zh") if small}
        picker = self._model_picker("rewrite", default)
        with gr.Accordion(words("shell.more"), open=False, elem_id="rewrite-more"):
            folded = {name: self._field(name) for name in ("num_beams", "max_new_tokens")}
            shown = own_fields(self.card)
            folded |= {name: self._field(name, visible=shown[name]) for name in OWN}
        self.fields = {"model": picker, "task": kind, "text": text, **folded}

    def _build_see(self) -> None:
        """The text with its odds, take away."""
        context, words = self.context, self.context.words
        self.result = gr.State(None)
        self.tokens = TokenView(context, "rewrite", pictures.empty(words("rewrite.empty")))
        self.status = gr.HTML("", elem_id="rewrite-status")
        self.note = gr.HTML("", elem_id="rewrite-note")
        with gr.Row(elem_classes="small-buttons"):
            self._download_buttons(("txt", "md", "json"), actions.write_rewrite, self.result)

    def _build_look(self) -> None:
        """Look inside, how it works, the code."""
        context, words = self.context, self.context.words
        with gr.Accordion(words("rewrite.inside"), open=False, elem_id="rewrite-inside"):
            self.map = gr.HTML(words("rewrite.inside_empty"), elem_id="rewrite-map")
        lessons = serving("rewrite")[::-1]  # the encoder-decoder's first
        self.lesson = Lesson(context, lessons, self.card.family, "rewrite-lesson")
        self.code = CodePanel.build(context, "rewrite-code")

    def _build_recorded(self) -> None:
        """A summary that a model wrote."""
        RecordedSession(self.context, self.task)

    def _connect(self) -> None:
        shown = [self.result, *self.tokens.outputs(), self.status, self.note, self.map]
        ran = self.go.click(
            self.run,
            set(self.fields.values()),
            [*shown, *vars(self.code).values()],
            **COMPUTES,
        )
        self.runs = [(ran, self.result)]
        self.halt.click(self.stop, **QUICK)
        filled = [self.fields["task"], self.fields["text"]]
        for name, button in self.examples.items():
            button.visible = suits(name, self.card)
            self._run_after(button.click(self.example(name), None, filled, **QUICK))
        when_chosen(self.fields["model"])(self.choose_model, self.fields["model"], self.settable(), **QUICK)
        self.tokens.connect(self.result)

    def settable(self) -> list[Any]:
        """The components that `show` may update."""
        return [
            *self.fields.values(), self.card_lines, *self.no_model.parts(), *self.lesson.groups.values(),
            *self.examples.values(),
        ]  # fmt: skip

    def show(self, request: RewriteRequest, lang: str) -> dict[Any, Any]:
        """Updates that put a request's settings into the widgets."""
        updates = self.with_values(self.for_model(request.model, lang), request.model_dump())
        updates[self.fields["model"]] = chosen_model(self.context, self.task, request.model, lang)
        return updates

    def for_model(self, model: str, lang: str) -> dict[Any, Any]:
        """Updates of what depends on the model: its card, its lesson, what it can do."""
        card = find_card(model, self.context.settings, self.task)
        lines = card_lines(self.context, card, lang)
        return {
            self.card_lines: gr.update(value=lines),
            **self.no_model.show(False),
            **self.lesson.show(card.family),
            self.fields["task"]: gr.update(
                choices=[(self.context.words.say(f"choice.{task}", lang), task) for task in tasks_of(card)],
                value=tasks_of(card)[0],
            ),
            **{self.fields[name]: gr.update(visible=seen) for name, seen in own_fields(card).items()},
            **{button: gr.update(visible=suits(name, card)) for name, button in self.examples.items()},
        }

    def example(self, name: str) -> Callable[[gr.Request], Any]:
        """A handler that puts an example's task and text into the widgets."""

        def fill(visitor: gr.Request) -> tuple[str, str]:
            return EXAMPLES[name][0], self.context.translator(visitor)(f"rewrite_example_text.{name}")

        return fill

    @polite
    def run(self, values: dict[Any, Any], visitor: gr.Request) -> Iterator[dict[Any, Any]]:
        """Translate or summarise, showing the text as it grows, its odds and its sources when it is done."""
        given = self.given(values)
        if not given["model"]:
            raise InputError(
                en="There is no model that rewrites texts on this machine yet; get one in the Models tab.",
                zh="本机还没有翻译、摘要或对联模型；请在“模型”页获取。",
            )
        asked = check(RewriteRequest, given)
        stop = self.context.begin(visitor, self.task)
        yield from with_status(self.status, self.context.starting(visitor), self._write(asked, stop, visitor))

    def _write(self, asked: RewriteRequest, stop: StopFlag, visitor: gr.Request) -> Iterator[dict[Any, Any]]:
        say, progress, result = self.context.translator(visitor), TokenProgress(), None
        for result in rewrite(asked, self.context.cache, stop):
            progress.count(len(result.tokens))
            if progress.update_due():
                words = status(say("text.writing", tokens=progress.tokens))
                yield {self.tokens.text: odds.growing(result.text), self.tokens.odds: "", self.status: words}
                progress.update_sent(len(result.text))
        if result is not None:
            shown = {
                self.result: result,
                **self.tokens.show(result.tokens, say),
                self.note: odds.done_html(result.tokens, progress.tokens_per_second(), say)
                + remark(result.note, self.context.lang(visitor)),
                self.map: map_html(result, say),
                **self.code.show(asked, visitor),
            }
            yield stop.newest(shown)

    def memory(self, result: RewriteResult, lang: str) -> Memory:
        """The result for the history."""
        about = f"{result.card.id} · {self.context.words.say(f'choice.{result.request.task}', lang)}"
        return Memory(result.request, about, words=result.text[:40])


def tasks_of(card: ModelCard) -> tuple[str, ...]:
    """What a model does, as far as its card tells, the usual first: the one thing it was trained for, or what others offer."""
    if "task" in card.defaults:
        return (card.defaults["task"],)
    told = tuple(name for name in ("translate", "summarise") if f"prefix_{name}" in card.defaults)
    both = {"en", "zh"} <= {code.strip() for code in card.language.split(",")}
    usual = ("summarise", "translate") if "chat" in card.tasks and not both else ("translate", "summarise")
    return told or usual


def own_fields(card: ModelCard) -> dict[str, bool]:
    """Which of the further settings are shown: those that the model takes."""
    task = card.defaults.get("task")
    return {name: task is not None and (name != "couplet_rules" or task == "couplet") for name in OWN}


def suits(example: str, card: ModelCard) -> bool:
    """Whether an example is one for this model: of its task, and what a small or a large one can do."""
    task, own = EXAMPLES[example]
    return task in tasks_of(card) and own == ("task" in card.defaults)


def map_html(result: RewriteResult, say: Say) -> str:
    """Where each written token looked in the source; a sentence where the text is too long for a map."""
    if result.attention is None or not result.tokens:
        return f'<p class="note">{escape(say("rewrite.no_map"))}</p>'
    written = [token.text for token in result.tokens]
    caption, hint = say(f"rewrite.{CAPTIONS[result.looks]}"), say("rewrite.map_hint")
    return heat_map(result.attention, written, result.source, caption, hint, {}, say)
