"""Drawing from a sentence: from nothing, from a picture, or only inside the part of it that was painted over."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from aigc_demo import actions
from aigc_demo.actions import DrawResult, draw
from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import serving
from aigc_demo.runtime.registry import cards_for, find_card
from aigc_demo.schemas import DrawRequest, check
from aigc_demo.ui.image import draw_view
from aigc_demo.ui.image.compare import compare_html, compare_stage
from aigc_demo.ui.image.drafts import Drafts
from aigc_demo.ui.image.draw_files import finished, portable, write_all
from aigc_demo.ui.image.draw_progress import DrawProgress, FinishedDrawing, one_of
from aigc_demo.ui.image.mask_pad import MaskPad
from aigc_demo.ui.image.pixel_pad import PixelPad
from aigc_demo.ui.image.sprite_panel import SpritePanel
from aigc_demo.ui.image.vocabulary import Vocabulary, is_own
from aigc_demo.ui.image.word_maps import WordMapPanel
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.adapters import AdapterFields
from aigc_demo.ui.page.context import Context, StopFlag, polite
from aigc_demo.ui.page.events import COMPUTES, PRIVATE, QUICK, index_of
from aigc_demo.ui.page.film import film
from aigc_demo.ui.page.generation_tab import GenerationTab
from aigc_demo.ui.page.gradio_gaps import when_chosen
from aigc_demo.ui.page.panels import CodePanel, Lesson, Memory, pick_list
from aigc_demo.ui.page.progress import cleared_on_error, status
from aigc_demo.ui.page.widgets import NOTHING, card_lines, chosen_model, download

EXAMPLES = {  # in English, which most of these models were trained on
    "lighthouse": "a lighthouse on a cliff in a storm, oil painting",
    "noodles": "a bowl of beef noodles on a wooden table, studio photograph",
    "mountains": "misty mountains and a small boat, Chinese ink wash painting",
    "robot": "a friendly robot at a blackboard, children's book illustration",
}
SIZE = ("width", "height")
MODEL_OWN = ("num_inference_steps", "guidance_scale", *SIZE)  # what a card may have defaults for
FEW = 4  # pictures at first, of a model that draws them together
VARIED, VARIATIONS = 0.5, 8  # how far variations go from a picture, and how many there are


class DrawTab(GenerationTab):
    """Components and handlers. `fields` are its widgets by request field, all but the picture and the mask."""

    task = "draw"
    title = "mode.draw"
    request_type = DrawRequest
    doors = ("image", "upscale")

    def _build_ask(self) -> None:
        """The sentence, the button, examples, the model, a picture to start from, the rest."""
        context, words = self.context, self.context.words
        self.card = card = first_card(context)
        self.opening = dict.fromkeys(("en", "zh"), "draw-vocabulary-dice") if is_own(card) else {}
        prompt = self._field("prompt", max_lines=8, info=None, placeholder=words(hint(card)))
        self.vocabulary = Vocabulary(context, self.task, prompt)
        self._run_buttons("action.draw", another=True)
        self.vocabulary.build(card)
        with gr.Column(visible=not is_own(card)) as self.sentences:
            self.examples = self._example_buttons(EXAMPLES, "example.draw")
        picker = self._model_picker("draw", card.id)
        with gr.Accordion(
            words("draw.start"), open=False, visible=redraws(card), elem_id="draw-start"
        ) as self.fold:
            gr.Markdown(words("draw.start_help"), elem_classes="note")
            self.pad = MaskPad(context, "draw-pad")
            self.pixels = PixelPad(context, self.pad, card, "draw-pixels")
            strength = self._field("strength")
        with gr.Accordion(words("shell.more"), open=False, elem_id="draw-more"):
            count, seed = self._field("count", value=first_count(card)), self._seed_field()
            folded = {"negative_prompt": self._field("negative_prompt")}
            own = card.defaults
            for name in MODEL_OWN:
                shape = {"step": 8, "visible": not is_own(card)} if name in SIZE else {}
                folded[name] = self._field(name, **shape, **({"value": own[name]} if name in own else {}))
            self.adapters = AdapterFields(context, self.task, DrawRequest, picker.value)
        named = {"model": picker, "prompt": prompt, "strength": strength, "count": count, "seed": seed}
        self.fields = {**named, **folded, **self.adapters.fields}

    def _build_see(self) -> None:
        """The pictures, take away, send on."""
        context, words = self.context, self.context.words
        self.result, self.chosen, self.picked = gr.State(None), gr.State(None), gr.State(0)
        self.view = pick_list(pictures.empty(words("empty.draw")), "draw-view")
        self.note = gr.HTML("", elem_id="draw-note")
        with gr.Row(elem_classes="small-buttons"):
            self._download_buttons(("png", "jpg", "webp"), actions.write_drawing, self.chosen)
            download(context, words("save.zip"), "draw-save-zip", self.result, write_all)
            self.reuse = gr.Button(words("draw.reuse"), size="sm", elem_id="draw-reuse")
            self.vary = gr.Button(words("draw.vary"), size="sm", elem_id="draw-vary")
            self.send_upscale = gr.Button(words("action.to_upscale"), size="sm", elem_id="draw-to-upscale")
            self.send_a = gr.Button(words("action.to_a"), size="sm", elem_id="draw-to-a")
            self.send_b = gr.Button(words("action.to_b"), size="sm", elem_id="draw-to-b")
        self.sprite = SpritePanel(context, self.chosen, self.card, "draw-sprite")
        with gr.Accordion(words("draw.compare"), visible=False, elem_id="draw-compare") as self.compare_fold:
            self.compare = compare_stage("", "draw-compare-view")

    def _build_look(self) -> None:
        """Look inside, how it works, the code."""
        context, words = self.context, self.context.words
        with gr.Accordion(words("panel.inside_draw"), open=False, elem_id="draw-inside"):
            self.inside = film("draw-film")
        self.maps = WordMapPanel(context, "draw-maps")
        self.lesson = Lesson(context, serving("draw"), self.card.family, "draw-lesson")
        self.code = CodePanel.build(context, "draw-code")

    def _connect(self) -> None:
        shown = [self.view, self.note, self.inside, self.compare_fold, self.compare]
        states = [self.result, self.chosen, self.picked]
        given = {*self.fields.values(), self.pad.picture, self.pad.mask}
        made = [*states, *shown, *vars(self.code).values()]
        ran = gr.on([self.go.click, self.fields["prompt"].submit], self.run, given, made, **COMPUTES)
        moved = ("count", "seed", "strength", "num_inference_steps", "guidance_scale")
        events = [self.vocabulary.panel.input, *(self.fields[name].input for name in moved)]
        rested = Drafts(self.context, self).connect(
            events, self.pixels.painted.success, given, made, **COMPUTES
        )
        self.runs = [(ran, self.result), (rested, self.result)]
        self.maps.connect(self.chosen)
        for drawn in (ran, rested):
            drawn.success(self.maps.look, [self.chosen, self.maps.opened], self.maps.settable(), **PRIVATE)
        self.halt.click(self.stop, **QUICK)
        for name, button in self.examples.items():
            self._run_after(
                button.click(lambda name=name: EXAMPLES[name], None, self.fields["prompt"], **PRIVATE)
            )
        self.vocabulary.connect(self.fields["model"])
        when_chosen(self.fields["model"])(self.choose_model, self.fields["model"], self.settable(), **QUICK)
        picked = [*states[1:], self.view, self.inside, self.compare]
        self.view.select(self.pick_picture, self.result, picked, **PRIVATE).success(
            self.maps.look, [self.chosen, self.maps.opened], self.maps.settable(), **PRIVATE
        )
        laid = [self.fold, *self.pad.settable()]
        self.reuse.click(self.start_from, self.chosen, laid, **PRIVATE)
        varied = [*laid, self.fields["strength"], self.fields["count"]]
        self._run_after(self.vary.click(self.variations, self.chosen, varied, **PRIVATE))

    def settable(self) -> list[Any]:
        """The components that `show` may update."""
        groups = self.lesson.groups.values()
        own = [self.fold, self.vocabulary.panel, self.pixels.paper, self.sentences, self.sprite.row]
        return [*self.fields.values(), self.card_lines, *own, *groups]

    def show(self, request: DrawRequest, lang: str) -> dict[Any, Any]:
        """Updates that put a request's settings into the widgets; picture and mask stay what they are."""
        updates = self.for_model(request.model, lang)
        updates |= self.adapters.for_model(request.model, lang, request.adapter)
        updates = self.with_values(updates, request.model_dump(exclude={"adapter"}))
        updates[self.fields["model"]] = chosen_model(self.context, "draw", request.model, lang)
        return updates

    def for_model(self, model: str, lang: str) -> dict[Any, Any]:
        """Updates of what depends on the model: card, adapters, its own settings, and whether it starts from pictures."""
        card = find_card(model, self.context.settings, "draw")
        own = {name: DrawRequest.model_fields[name].default for name in MODEL_OWN} | card.defaults
        seen = {name: {"visible": not is_own(card)} if name in SIZE else {} for name in MODEL_OWN}
        return {
            self.card_lines: gr.update(value=card_lines(self.context, card, lang)),
            self.fold: gr.update(visible=redraws(card)),
            self.sentences: gr.update(visible=not is_own(card)),
            self.fields["prompt"]: gr.update(placeholder=self.context.words.say(hint(card), lang)),
            self.fields["count"]: gr.update(value=first_count(card)),
            **self.vocabulary.for_model(card),
            **self.pixels.for_model(card),
            **self.sprite.for_model(card),
            **self.lesson.show(card.family),
            **self.adapters.for_model(model, lang),
            **{self.fields[name]: gr.update(value=own[name], **seen[name]) for name in MODEL_OWN},
        }

    def asked(self, values: dict[Any, Any]) -> DrawRequest:
        """The request of the widgets; a picture counts only where the model can start from one."""
        given = self.given(values)
        if not given["model"]:
            raise InputError(
                en="There is no model to draw with yet; fetch one in the Models tab.",
                zh="还没有可以绘图的模型；请在“模型”页下载一个。",
            )
        if redraws(find_card(given["model"], self.context.settings, "draw")):
            given |= {"image": values[self.pad.picture], "mask": values[self.pad.mask]}
        return check(DrawRequest, given)

    @polite
    def run(self, values: dict[Any, Any], visitor: gr.Request) -> Iterator[dict[Any, Any]]:
        """Draw, showing the picture as it comes out of the noise."""
        asked = self.asked(values)
        stop = self.context.begin(visitor, self.task)
        if known := self.context.recent.find(self.context.visitor_name(visitor), asked):
            yield self.shown(asked, *known, visitor)
            return
        loading = self.context.words.say("draw.loading", self.context.lang(visitor), model=asked.model)
        yield {self.note: status(loading)}
        yield from cleared_on_error(self.note, self._draw(asked, stop, visitor))

    def _draw(self, asked: DrawRequest, stop: StopFlag, visitor: gr.Request) -> Iterator[dict[Any, Any]]:
        lang, words = self.context.lang(visitor), self.context.words
        progress, start, result = DrawProgress(), time.perf_counter(), None
        try:
            for result in draw(asked, self.context.cache, stop):
                progress.add_step(result)
                if progress.update_due() and result.pictures is None:
                    text = draw_view.progress_text(result, progress.seconds_left(result), words, lang)
                    html = draw_view.progress_html(result, text, words, lang)
                    yield {self.view: html, self.note: status(text)}
                    progress.update_sent(len(html))
        except Stopped:
            if stop.superseded:  # by what is shown now
                return
            step = {"step": result.step if result else 0, "steps": result.steps if result else 0}
            yield {self.note: status(words.say("draw.stopped", lang, **step))}
            return
        if result is None or result.pictures is None:
            return
        made = finished(self.context, result, progress, asked, visitor), time.perf_counter() - start
        self.context.recent.keep(self.context.visitor_name(visitor), asked, made)
        yield stop.newest(self.shown(asked, *made, visitor))

    def shown(
        self, asked: DrawRequest, drawing: FinishedDrawing, seconds: float, visitor: gr.Request
    ) -> dict[Any, Any]:
        """Updates that show a finished drawing, which took so many seconds."""
        lang, result = self.context.lang(visitor), drawing.result
        return {
            **self.picture(drawing, 0, lang),
            self.result: drawing,
            self.note: self.note_html(result, seconds, lang),
            self.compare_fold: gr.update(visible=bool(drawing.start)),
            **self.code.show(portable(asked), visitor),
        }

    def picture(self, drawing: FinishedDrawing, index: int, lang: str) -> dict[Any, Any]:
        """Updates that show one picture of a drawing: large, from inside, and beside what it started from."""
        words = self.context.words
        names = (words.say("train.before", lang), words.say("train.after", lang))
        pair = (
            compare_html(drawing.start, drawing.addresses[index], names, words.say("compare.hand", lang))
            if drawing.start
            else ""
        )
        return {
            self.chosen: one_of(drawing.result, index),
            self.picked: index,
            self.view: draw_view.pictures_html(drawing, index, words, lang),
            self.inside: draw_view.inside_html(drawing, index, words, lang),
            self.compare: pair,
        }

    @polite
    def pick_picture(self, drawing: FinishedDrawing | None, event: gr.EventData, visitor: gr.Request) -> Any:
        """Another picture of the drawing was chosen."""
        if drawing is None or not 0 <= index_of(event) < len(drawing.addresses):
            return gr.skip()
        return self.picture(drawing, index_of(event), self.context.lang(visitor))

    def note_html(self, result: DrawResult, seconds: float, lang: str) -> str:
        """The line under the pictures, and what the model has to say about them."""
        request, (height, width) = result.request, result.pictures.shape[1:3]
        facts = {"count": len(result.pictures), "size": f"{width} × {height}", "seconds": f"{seconds:.1f}"}
        facts |= {"steps": request.num_inference_steps, "guidance": f"{request.guidance_scale:g}"}
        text = status(self.context.words.say("draw.done", lang, **facts))
        return text + (status(result.note.say(lang)) if result.note else "")

    @polite
    def start_from(self, chosen: DrawResult | None, visitor: gr.Request) -> Any:
        """The chosen picture becomes the one to start from."""
        return self._laid(chosen, visitor)

    def _laid(self, chosen: DrawResult | None, visitor: gr.Request) -> dict[Any, Any]:
        if chosen is None:
            raise InputError(en="There is no picture yet; draw one first.", zh="还没有图片；请先绘制一张。")
        marking = self.context.marking(visitor).unseen()
        path = actions.write_drawing(chosen, self.context.folder(visitor), marking=marking)
        return {self.fold: gr.update(open=True), **self.pad.put(path)}

    def variations(self, chosen: DrawResult | None, visitor: gr.Request) -> dict[Any, Any]:
        """The chosen picture becomes the one to start from, to go half-way from it, several times."""
        return {
            **self._laid(chosen, visitor),
            self.fields["strength"]: VARIED,
            self.fields["count"]: VARIATIONS,
        }

    def file_of(self, drawing: FinishedDrawing, index: int) -> Path:
        """The picked picture as a labelled file, for another tab."""
        return actions.write_drawing(
            one_of(drawing.result, index), self.context.folder(), marking=self.context.marking().unseen()
        )

    def end_point(self, drawing: FinishedDrawing, index: int) -> dict[str, Any]:
        """The picked picture as an end point of a walk: model, prompt and seed."""
        result = drawing.result
        return {
            "model": result.card.id,
            "seed": result.seeds[index],
            "prompt": result.request.prompt,
            "label": "0",
        }

    def memory(self, drawing: FinishedDrawing, lang: str) -> Memory:
        """The result for the history."""
        result = drawing.result
        about = result.request.prompt[:60] or result.card.id
        small = [pictures.shrunk(picture, 96) for picture in result.pictures[:3]]
        return Memory(result.request, about, pictures.sprite(small))


def redraws(card: ModelCard) -> bool:
    """Whether a model can start from a picture, from all of it or from what stays of it."""
    return not {"redraw", "inpaint"}.isdisjoint(card.tasks)


def first_card(context: Context) -> ModelCard:
    """The model that draws at first: one of our own, where one is here, and among them the default."""
    default = DrawRequest.model_fields["model"].default
    cards = cards_for("draw", context.settings)
    return min(cards, key=lambda card: (not is_own(card), card.id != default), default=NOTHING)


def first_count(card: ModelCard) -> int:
    """How many pictures are asked for at first."""
    return FEW if is_own(card) else DrawRequest.model_fields["count"].default


def hint(card: ModelCard) -> str:
    """The key of what stands in an empty prompt."""
    return "draw.own_hint" if is_own(card) else "draw.prompt_hint"
