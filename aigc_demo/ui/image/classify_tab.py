"""What is it? A classifier names what is drawn while the stroke goes on, and shows which parts of it decided."""

import time
from collections.abc import Mapping
from html import escape
from typing import Any

import gradio as gr

from aigc_demo import actions
from aigc_demo.actions import ClassifyResult, classify
from aigc_demo.core.errors import InputError
from aigc_demo.media.overlay import under_map
from aigc_demo.metrics.intervals import wilson
from aigc_demo.models.family import serving
from aigc_demo.provenance.carrying import carried
from aigc_demo.schemas import check
from aigc_demo.schemas.classify import ClassifyRequest
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.context import polite
from aigc_demo.ui.page.draw_pad import DrawPad
from aigc_demo.ui.page.events import COMPUTES, PRIVATE, QUICK, index_of
from aigc_demo.ui.page.generation_tab import GenerationTab
from aigc_demo.ui.page.gradio_gaps import when_chosen
from aigc_demo.ui.page.language import Say
from aigc_demo.ui.page.live import LIVE, Rest, live
from aigc_demo.ui.page.panels import CodePanel, Lesson, Memory, pick_list
from aigc_demo.ui.page.progress import remark
from aigc_demo.ui.page.widgets import chosen_card, chosen_model, class_names, download

# Strokes on the pad of 280 x 280 pixels: each a line through its points.
EXAMPLES: dict[str, list[list[tuple[int, int]]]] = {
    "seven": [[(86, 66), (194, 66), (150, 140), (128, 226)]],
    "four_nine": [
        [(104, 60), (92, 104), (100, 140), (142, 148), (186, 134)],
        [(190, 66), (186, 134), (176, 232)],
    ],
    "face": [
        [(140, 40), (212, 76), (240, 140), (212, 206), (140, 240), (68, 206), (40, 140), (68, 76), (140, 40)],
        [(108, 108), (110, 116)],
        [(172, 108), (170, 116)],
        [(96, 172), (140, 196), (184, 172)],
    ],
}
MOST_BARS = 20  # classes that have a bar, the likeliest ones
SHARES = {"share": "point", "low": "low", "high": "high"}  # of an interval, by the places in the words
ALIKE = 0.99  # of held-out pictures are more like what was learnt: such a picture is called strange


class ClassifyTab(GenerationTab):
    """Components and handlers of the tab. `fields` are its widgets by request field, without the picture's and the class's."""

    task = "classify"
    title = "mode.classify"
    request_type = ClassifyRequest

    def _build_ask(self) -> None:
        """The pad, the button, examples, the model."""
        words = self.context.words
        self.card = chosen_card(self.context, self.task, "class-digits")
        self.pad = DrawPad(self.context, "classify-pad", EXAMPLES["seven"])
        self._run_buttons("action.classify")
        self.examples = self._example_buttons(EXAMPLES, "example.classify")
        gr.Markdown(words("classify.help"), elem_classes="note")
        self.fields = {"model": self._model_picker(self.task, "class-digits")}

    def _build_see(self) -> None:
        """The bars of the odds, what they are worth, take away."""
        words = self.context.words
        self.result, self.label, self.hand = gr.State(None), gr.State(""), Rest("classify-rest")
        with gr.Column(elem_id="classify-view"):
            self.bars = pick_list(pictures.empty(words("classify.empty")), "classify-bars")
        self.note = gr.HTML("", elem_id="classify-note")
        with gr.Row(elem_classes="small-buttons"):
            download(
                self.context, words("save.png"), "classify-save", self.result, actions.write_classification
            )

    def _build_look(self) -> None:
        """Which parts of the picture decided, how it works, the code."""
        words = self.context.words
        with gr.Accordion(words("panel.inside_classify"), open=True, elem_id="classify-inside"):
            self.inside = gr.HTML(words("empty.inside_classify"))
        self.lesson = Lesson(self.context, serving(self.task), self.card.family, "classify-lesson")
        self.code = CodePanel.build(self.context, "classify-code")

    def _connect(self) -> None:
        inputs = {*self.fields.values(), self.pad.path}
        shown = [self.result, self.bars, self.note]
        slower = [self.result, self.label, self.inside, *vars(self.code).values()]
        ran = self.go.click(self.run, inputs, [*shown, *slower[1:]], **COMPUTES)
        self.halt.click(self.stop, **QUICK)
        for name, button in self.examples.items():
            button.click(None, None, None, js=self.pad.strokes(EXAMPLES[name]))
        when_chosen(self.fields["model"])(self.choose_model, self.fields["model"], self.settable(), **QUICK)
        answered = [
            *self.pad.answer(self.answer, inputs, shown),
            gr.on([self.fields["model"].input], self.answer, inputs, shown, **LIVE),
        ]
        rested = self.hand.after(*answered)(self.rest, self.result, slower, **PRIVATE)
        self.bars.select(self.pick_class, self.result, slower, **PRIVATE)
        self.runs = [(ran, self.result), (rested, self.result)]

    def settable(self) -> list[Any]:
        """The components that `show` may update."""
        return [*self.fields.values(), self.card_lines, *self.lesson.groups.values()]

    def show(self, request: ClassifyRequest, lang: str) -> dict[Any, Any]:
        """Updates that put a request's settings into the widgets; the pad keeps its picture."""
        updates = self.for_model(request.model, lang)
        return {**updates, self.fields["model"]: chosen_model(self.context, self.task, request.model, lang)}

    @polite
    def run(self, values: dict[Any, Any], visitor: gr.Request) -> dict[Any, Any]:
        """The button: name what is on the pad, and show why."""
        if not values[self.pad.path]:
            raise InputError(
                en="The pad is empty; draw a picture or open a file.",
                zh="画板是空的；请画一幅图或打开一个文件。",
            )
        start = time.perf_counter()
        stop = self.context.begin(visitor, self.task)
        result = classify(self.asked(values), self.context.cache, stop)
        shown = self.shown(result, time.perf_counter() - start, self.context.lang(visitor))
        return stop.newest({**shown, **self.explained(result, visitor)})

    @live
    def answer(self, values: dict[Any, Any], visitor: gr.Request) -> Any:
        """A stroke goes on, or another model was chosen: the odds anew."""
        if not values[self.pad.path]:
            return gr.skip()
        start = time.perf_counter()
        stop = self.context.begin(visitor, self.task)
        result = classify(self.asked(values), self.context.cache, stop, look=False)
        return stop.newest(self.shown(result, time.perf_counter() - start, self.context.lang(visitor)))

    @polite
    def rest(self, result: ClassifyResult | None, visitor: gr.Request) -> Any:
        """The hand rests: what speaks for the likeliest class, and the code of what is seen."""
        return self._look(result, "", visitor)

    @polite
    def pick_class(self, result: ClassifyResult | None, visitor: gr.Request, event: gr.EventData) -> Any:
        """A bar was pressed: what speaks for that class, and what against."""
        return self._look(result, str(index_of(event)), visitor)

    def _look(self, result: ClassifyResult | None, label: str, visitor: gr.Request) -> Any:
        if result is None:
            return gr.skip()
        asked = check(ClassifyRequest, {**result.request.model_dump(), "label": label})
        stop = self.context.begin(visitor, self.task)
        return stop.newest(self.explained(classify(asked, self.context.cache, stop), visitor))

    def asked(self, values: Mapping[Any, Any]) -> ClassifyRequest:
        """The request of the widgets."""
        return check(ClassifyRequest, {**self.given(values), "image": values[self.pad.path]})

    def shown(self, result: ClassifyResult, seconds: float, lang: str) -> dict[Any, Any]:
        """Updates that show the odds, and what they are worth."""
        say = self.context.words.translator(lang)
        lines = [say("classify.done", seconds=f"{seconds:.2f}"), *worth(result, say)]
        note = "".join(f'<p class="note">{line}</p>' for line in lines) + remark(result.note, lang)
        return {
            self.result: result,
            self.bars: bars_html(result, class_names(result.card, lang), say),
            self.note: note,
        }

    def explained(self, result: ClassifyResult, visitor: gr.Request) -> dict[Any, Any]:
        """Updates that show where the evidence for a class lies, and the code."""
        lang, say = self.context.lang(visitor), self.context.translator(visitor)
        name, given = class_names(result.card, lang)[result.label], carried(result.request.image)
        seen = pictures.figure(result.picture, say("classify.seen"), given)
        look = pictures.figure(under_map(result.picture, result.look), say("classify.map", name=name), given)
        words = f'<div class="words"><p>{say("classify.colours", name=escape(name))}</p></div>'
        return {
            self.result: result,
            self.label: result.request.label,
            self.inside: f'<div class="figures inside">{seen}{look}{words}</div>',
            **self.code.show(portable(result.request), visitor),
        }

    def memory(self, result: ClassifyResult, lang: str) -> Memory:
        """The result for the history."""
        name = class_names(result.card, lang)[result.said]
        about = f"{result.card.id} · {name} {result.odds[result.said]:.0%}"
        return Memory(result.request, about, pictures.data_uri(result.picture, carried(result.request.image)))


def bars_html(result: ClassifyResult, names: list[str], say: Say) -> str:
    """A bar a class, the likeliest marked; each can be pressed. Of many classes the likeliest, in the order of the classes."""
    order = sorted(range(len(names)), key=lambda place: -result.odds[place])[:MOST_BARS]
    rows = "".join(
        f'<li class="{"said" if place == result.said else ""}"><button type="button" data-index="{place}"'
        f' aria-pressed="{str(place == result.label).lower()}" title="{escape(say("classify.why", name=names[place]))}">'
        f'<span class="name">{escape(names[place])}</span><span class="track"><span class="bar"'
        f' style="width:{100 * result.odds[place]:.1f}%"></span></span>'
        f'<span class="share">{result.odds[place]:.1%}</span></button></li>'
        for place in sorted(order)
    )
    top, share = names[result.said], f"{result.odds[result.said]:.0%}"
    verdict = f'<p class="verdict" role="status"><b>{escape(top)}</b> {share}</p>'
    return f'<div class="odds-bars">{verdict}<ol>{rows}</ol></div>'


def worth(result: ClassifyResult, say: Say) -> list[str]:
    """How far to trust the odds: how often such odds were right, and whether the picture is like those that it has learnt."""
    lines = []
    if result.total:
        found = wilson(result.right, result.total)
        shares = {name: f"{getattr(found, part):.1%}" for name, part in SHARES.items()}
        lines.append(say("classify.record", right=result.right, total=result.total, **shares))
    if result.strangeness is not None and result.strangeness >= ALIKE:
        lines.append(f"<b>{say('classify.strange', share=f'{result.strangeness:.0%}')}</b>")
    return lines


def portable(request: ClassifyRequest) -> ClassifyRequest:
    """The request for the code panel, with a name that the reader replaces where the path of the picture was."""
    return request.model_copy(update={"image": "drawing.png"})
