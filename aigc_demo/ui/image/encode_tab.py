"""Draw and encode: a VAE reconstructs what is drawn while the stroke goes on, and its latent vector can be moved by hand."""

import time
from html import escape
from typing import Any

import gradio as gr

from aigc_demo import actions
from aigc_demo.actions import ReconstructResult, reconstruct
from aigc_demo.core.errors import InputError
from aigc_demo.models.family import serving
from aigc_demo.provenance.carrying import carried
from aigc_demo.schemas import ReconstructRequest, check
from aigc_demo.ui.image.latent_bars import LatentBars, bars_html, read_z
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.context import polite
from aigc_demo.ui.page.draw_pad import DrawPad
from aigc_demo.ui.page.events import COMPUTES, PRIVATE, QUICK
from aigc_demo.ui.page.generation_tab import GenerationTab
from aigc_demo.ui.page.gradio_gaps import when_chosen
from aigc_demo.ui.page.live import LIVE, Rest, live
from aigc_demo.ui.page.panels import CodePanel, Lesson, Memory
from aigc_demo.ui.page.progress import remark
from aigc_demo.ui.page.widgets import chosen_card, chosen_model, class_names, download

# Strokes on the pad of 280 x 280 pixels: each a line through its points.
EXAMPLES: dict[str, list[list[tuple[int, int]]]] = {
    "three": [
        [
            (88, 78),
            (112, 56),
            (150, 52),
            (180, 70),
            (182, 100),
            (160, 126),
            (126, 136),
            (166, 142),
            (192, 168),
        ],
        [(192, 168), (190, 204), (160, 228), (118, 230), (86, 208)],
    ],
    "between": [
        [(104, 60), (92, 104), (100, 140), (142, 148), (186, 134)],
        [(190, 66), (186, 134), (176, 232)],
    ],
    "house": [[(70, 130), (140, 60), (210, 130), (70, 130), (70, 222), (210, 222), (210, 130)]],
}


class EncodeTab(GenerationTab):
    """Components and handlers of the tab. `fields` are its widgets by request field, without the picture's and the vector's."""

    task = "reconstruct"
    title = "mode.reconstruct"
    request_type = ReconstructRequest

    def _build_ask(self) -> None:
        """The pad, the button, examples, the model, the rest."""
        context, words = self.context, self.context.words
        self.card = chosen_card(context, self.task, "vae-digits")
        self.pad = DrawPad(context, "encode-pad", EXAMPLES["three"])
        self._run_buttons("action.encode")
        self.examples = self._example_buttons(EXAMPLES, "example.encode")
        gr.Markdown(words("encode.help"), elem_classes="note")
        picker = self._model_picker(self.task, "vae-digits")
        with gr.Accordion(words("shell.more"), open=False, elem_id="reconstruct-more"):
            neighbours = self._field("neighbours")
        self.fields = {"model": picker, "neighbours": neighbours}

    def _build_see(self) -> None:
        """Picture and reconstruction, the noise, the latent vector, what lies near, take away."""
        context, words = self.context, self.context.words
        self.result, self.hand = gr.State(None), Rest("reconstruct-rest")
        with gr.Column(elem_id="encode-view"):
            self.view = gr.HTML(pictures.empty(words("encode.empty")))
            with gr.Row(equal_height=True):
                self.fields["damage"] = self._field("damage", min_width=180)
                self.fields["noise"] = self._field("noise", min_width=180)
            self.bars = LatentBars("encode-bars")
            self.near = gr.HTML("", elem_id="encode-near")
        self.note = gr.HTML("", elem_id="encode-note")
        with gr.Row(elem_classes="small-buttons"):
            download(context, words("save.png"), "encode-save", self.result, actions.write_reconstruction)

    def _build_look(self) -> None:
        """How it works, the code."""
        self.lesson = Lesson(self.context, serving(self.task), self.card.family, "reconstruct-lesson")
        self.code = CodePanel.build(self.context, "reconstruct-code")

    def _connect(self) -> None:
        inputs = {*self.fields.values(), self.pad.path}
        shown = [self.result, self.view, self.near, self.note]
        everything = [*shown, self.bars.bars]
        ran = self.go.click(self.run, inputs, [*everything, *vars(self.code).values()], **COMPUTES)
        self.halt.click(self.stop, **QUICK)
        for name, button in self.examples.items():
            button.click(None, None, None, js=self.pad.strokes(EXAMPLES[name]))
        when_chosen(self.fields["model"])(self.choose_model, self.fields["model"], self.settable(), **QUICK)
        answered = [
            *self.pad.answer(self.encode, inputs, everything),
            gr.on([widget.input for widget in self.fields.values()], self.encode, inputs, everything, **LIVE),
            self.bars.moved(self.move, {*inputs, self.bars.z}, shown, **LIVE),
        ]
        rested = self.hand.after(*answered)(self.rest, self.result, [*vars(self.code).values()], **PRIVATE)
        self.runs = [(ran, self.result), (rested, self.result)]

    def settable(self) -> list[Any]:
        """The components that `show` may update."""
        return [*self.fields.values(), self.card_lines, *self.lesson.groups.values()]

    def show(self, request: ReconstructRequest, lang: str) -> dict[Any, Any]:
        """Updates that put a request's settings into the widgets; the pad keeps its picture."""
        updates = self.with_values(self.for_model(request.model, lang), request.model_dump())
        return {**updates, self.fields["model"]: chosen_model(self.context, self.task, request.model, lang)}

    @polite
    def run(self, values: dict[Any, Any], visitor: gr.Request) -> dict[Any, Any]:
        """The button: encode what is on the pad, and show all that comes of it with the code."""
        if not values[self.pad.path]:
            raise InputError(
                en="The pad is empty; draw a picture or open a file.",
                zh="画板是空的；请画一幅图或打开一个文件。",
            )
        shown = self._encoded(values, [], visitor)
        return {**shown, **self.code.show(portable(shown[self.result].request), visitor)}

    @live
    def encode(self, values: dict[Any, Any], visitor: gr.Request) -> Any:
        """A stroke goes on, or a setting moves: encode the picture anew."""
        return self._encoded(values, [], visitor) if values[self.pad.path] else gr.skip()

    @live
    def move(self, values: dict[Any, Any], visitor: gr.Request) -> Any:
        """A bar of the latent vector moves: decode that vector. The bars stay under the hand; none: the picture's own."""
        if not values[self.pad.path]:
            return gr.skip()
        shown = self._encoded(values, read_z(values[self.bars.z]), visitor)
        del shown[self.bars.bars]
        return shown

    @polite
    def rest(self, result: ReconstructResult | None, visitor: gr.Request) -> Any:
        """The hand rests: the code of what is seen."""
        return self.code.show(portable(result.request), visitor) if result else gr.skip()

    def _encoded(self, values: dict[Any, Any], latent: list[float], visitor: gr.Request) -> dict[Any, Any]:
        """What is on the pad, encoded and decoded, as updates."""
        start, lang = time.perf_counter(), self.context.lang(visitor)
        asked = check(
            ReconstructRequest, {**self.given(values), "image": values[self.pad.path], "latent": latent}
        )
        stop = self.context.begin(visitor, self.task)
        result = reconstruct(asked, self.context.cache, stop)
        seconds = f"{time.perf_counter() - start:.2f}"
        done = self.context.words.say("encode.done", lang, count=len(result.latent), seconds=seconds)
        shown = {
            self.result: result,
            self.view: self.figures_html(result, lang),
            self.bars.bars: bars_html(result, self.context.words.translator(lang)),
            self.near: self.near_html(result, lang),
            self.note: f'<p class="note">{done}</p>{remark(result.note, lang)}',
        }
        return stop.newest(shown)

    def figures_html(self, result: ReconstructResult, lang: str) -> str:
        """Input, damaged input where it is, and the reconstruction, or what a moved vector decodes to.

        Where it is damaged, the other two with how near they come to the input.
        """
        say, asked, given = self.context.words.translator(lang), result.request, carried(result.request.image)
        damaged = asked.noise or asked.damage != "whole"

        def near(decibels: float) -> str:
            return f" · {say('encode.decibels', value=f'{decibels:.1f}')}" if damaged else ""

        row = [pictures.figure(result.original, say("encode.input"), given)]
        if damaged:
            name = say(f"encode.{asked.damage if asked.damage != 'whole' else 'noisy'}")
            row.append(pictures.figure(result.damaged, name + near(result.damaged_decibels), given))
        name = say("encode.moved" if asked.latent else "encode.output")
        row.append(pictures.figure(result.reconstruction, name + near(result.reconstruction_decibels)))
        return f'<div class="figures">{"".join(row)}</div>'

    def near_html(self, result: ReconstructResult, lang: str) -> str:
        """The nearest training codes, decoded, and what most of them say."""
        say, known = self.context.words.translator(lang), class_names(result.card, lang)
        names = [known[label] for label in result.neighbour_labels]
        captions = [
            f"{name} · {distance:.1f}" for name, distance in zip(names, result.distances, strict=True)
        ]
        top = max(set(names), key=names.count)
        verdict = say("encode.verdict", name=escape(top), votes=names.count(top), total=len(names))
        sheet = pictures.sheet(list(result.neighbours), min(8, len(names)), captions, captions)
        return f'<p class="note">{say("encode.near")} {verdict}</p>{sheet}'

    def memory(self, result: ReconstructResult, lang: str) -> Memory:
        """The result for the history."""
        about = f"{result.card.id} · {self.context.words.say('mode.reconstruct', lang)}"
        return Memory(result.request, about, pictures.sprite([result.original, result.reconstruction]))


def portable(request: ReconstructRequest) -> ReconstructRequest:
    """The request for the code panel, with a name that the reader replaces where the path of the picture was."""
    return request.model_copy(update={"image": "drawing.png"})
