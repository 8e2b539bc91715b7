"""The Image tab: choose classes and a model, see a sheet of pictures, look at how the model judges them."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from aigc_demo import actions
from aigc_demo.actions import ImageResult, make_images
from aigc_demo.models.family import serving
from aigc_demo.runtime.registry import cards_for, find_card
from aigc_demo.schemas import ImageRequest, check
from aigc_demo.ui.image import judgement
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.context import polite
from aigc_demo.ui.page.events import COMPUTES, PRIVATE, QUICK, index_of
from aigc_demo.ui.page.generation_tab import GenerationTab
from aigc_demo.ui.page.gradio_gaps import when_chosen
from aigc_demo.ui.page.live import LIVE, Rest, is_quick, live
from aigc_demo.ui.page.panels import CodePanel, Lesson, Memory, pick_list
from aigc_demo.ui.page.progress import BackgroundWork, remark
from aigc_demo.ui.page.sampler_fields import SamplerFields, samples_in_steps
from aigc_demo.ui.page.widgets import (
    card_lines,
    chosen_card,
    chosen_model,
    class_choices,
    class_names,
    download,
    has_classes,
)

FEW = 4  # pictures that a diffusion model is asked for at first: each takes many steps
EXAMPLES: dict[str, dict[str, Any]] = {
    "sevens": {"model": "gan-digits", "label": "7", "count": 32, "seed": 6},
    "wardrobe": {"model": "gan-fashion", "label": "all", "count": 40},
    "average": {"model": "gan-digits", "label": "all", "count": 10, "truncation_psi": 0.0},
    "normal": {"model": "vae-digits", "label": "all", "count": 40, "prior": "normal"},
}


class ImageTab(GenerationTab):
    """Components and handlers of the tab. `fields` are its widgets by request field."""

    task = "image"
    title = "mode.image"
    request_type = ImageRequest
    runs_as_it_is = True

    def _build_ask(self) -> None:
        """Classes, the button, examples, the model, the rest."""
        context, words = self.context, self.context.words
        self.card = card = chosen_card(context, "image", "gan-digits")
        classes = gr.CheckboxGroup(
            class_choices(context, card),
            value=[],
            label=words("image.label"),
            info=words("image.none_is_all"),
            visible=has_classes(card),
            elem_id="image-label",
        )
        self._run_buttons("action.draw", another=True)
        self.opening = {} if samples_in_steps(card) else dict.fromkeys(("en", "zh"), "image-go")
        here = {card.id for card in cards_for(self.task, context.settings)}
        names = [name for name, values in EXAMPLES.items() if values["model"] in here]
        self.examples = self._example_buttons(names, "example.image")
        picker = self._model_picker("image", "gan-digits")
        with gr.Accordion(words("shell.more"), open=False, elem_id="image-more"):
            count, seed = self._field("count"), self._seed_field()
            self.sampler = SamplerFields(context, self.task, ImageRequest, card)
        self.fields = {
            "model": picker,
            "label": classes,
            "count": count,
            "seed": seed,
            **self.sampler.fields,
        }

    def _build_see(self) -> None:
        """The sheet, what moves it, take away, send on."""
        context, words = self.context, self.context.words
        self.result = gr.State(None)
        self.sheet = pick_list(pictures.empty(words("empty.image")), "image-sheet")
        self.note = gr.HTML("", elem_id="image-note")
        with gr.Row():
            self.fields["truncation_psi"] = self._field(
                "truncation_psi", visible=not samples_in_steps(self.card), min_width=220
            )
            self.fields["prior"] = self._field(
                "prior", visible="reconstruct" in self.card.tasks, min_width=220
            )
        with gr.Row(elem_classes="small-buttons"):
            self._download_buttons(("png", "jpg", "webp"), actions.write_sheet, self.result)
            download(context, words("save.zip"), "image-save-zip", self.result, actions.write_archive)
        with gr.Row(elem_classes="small-buttons onward"):
            self.send_upscale = gr.Button(words("action.to_upscale"), size="sm", elem_id="image-to-upscale")
            self.send_a = gr.Button(words("action.to_a"), size="sm", elem_id="image-to-a")
            self.send_b = gr.Button(words("action.to_b"), size="sm", elem_id="image-to-b")
        self.picked, self.hand = gr.State(0), Rest("image-rest")

    def _build_look(self) -> None:
        """Look inside, how it works, the code."""
        context, words = self.context, self.context.words
        with gr.Accordion(words("panel.inside_image"), open=False, elem_id="image-inside"):
            self.inside = gr.HTML(words("empty.inside_image"))
        self.lesson = Lesson(context, serving("image"), self.card.family, "image-lesson")
        self.code = CodePanel.build(context, "image-code")

    def _connect(self) -> None:
        asked, code = set(self.fields.values()), [*vars(self.code).values()]
        shown = [self.result, self.sheet, self.note]
        ran = self.go.click(self.run, asked, [*shown, self.picked, *code], **COMPUTES)
        ran.success(self.look, [self.result, self.picked], self.inside, **PRIVATE)
        self.halt.click(self.stop, **QUICK)
        for name, button in self.examples.items():
            self._run_after(button.click(self.example(name), None, self.settable(), **PRIVATE))
        when_chosen(self.fields["model"])(self.choose_model, self.fields["model"], self.settable(), **QUICK)
        moved = [self.fields[name].input for name in ("label", "count", "truncation_psi", "prior")]
        answered = gr.on(moved, self.answer, asked, shown, **LIVE)
        rested = self.hand.after(answered)(
            self.rest, [self.result, self.picked], [self.inside, *code], **PRIVATE
        )
        self.runs = [(ran, self.result), (rested, self.result)]
        self.sheet.select(self.pick_picture, self.result, self.picked, **PRIVATE).success(
            self.look, [self.result, self.picked], self.inside, **PRIVATE
        )

    def settable(self) -> list[Any]:
        """The components that `show` may update."""
        return [*self.fields.values(), self.card_lines, *self.lesson.groups.values()]

    def show(self, request: ImageRequest, lang: str) -> dict[Any, Any]:
        """Updates that put a request's settings into the widgets."""
        updates = self.for_model(request.model, lang)
        labels = [] if request.label in ("all", "") else request.label.split(",")
        values = {**request.model_dump(), "label": [label.strip() for label in labels]}
        updates = self.with_values(updates, values)
        updates[self.fields["model"]] = chosen_model(self.context, "image", request.model, lang)
        return updates

    def as_asked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """With the chosen classes as one label."""
        classes = values.get("label") or []
        return {
            **values,
            "label": ",".join(map(str, classes)) or "all" if isinstance(classes, list) else classes,
        }

    def for_model(self, model: str, lang: str) -> dict[Any, Any]:
        """Updates of what depends on the model: classes, card, lesson, what only a VAE has, what only diffusion has."""
        card = find_card(model, self.context.settings, "image")
        encodes, stepwise = "reconstruct" in card.tasks, samples_in_steps(card)
        return {
            self.fields["label"]: gr.update(
                choices=class_choices(self.context, card, lang),
                value=[],
                visible=has_classes(card),
            ),
            self.fields["prior"]: gr.update(visible=encodes),
            self.fields["truncation_psi"]: gr.update(visible=not stepwise),
            **({self.fields["count"]: gr.update(value=FEW)} if stepwise else {}),
            **self.sampler.for_model(card),
            self.card_lines: gr.update(value=card_lines(self.context, card, lang)),
            **self.lesson.show(card.family),
        }

    def example(self, name: str) -> Any:
        """A handler that puts an example's settings into the widgets."""

        def fill(visitor: gr.Request) -> dict[Any, Any]:
            return self.show(check(ImageRequest, EXAMPLES[name]), self.context.lang(visitor))

        return fill

    def asked(self, values: dict[Any, Any]) -> ImageRequest:
        """The request of the widgets."""
        given = self.given(values)
        return check(ImageRequest, {**given, "label": ",".join(given["label"]) or "all"})

    @polite
    def run(self, values: dict[Any, Any], visitor: gr.Request) -> Iterator[dict[Any, Any]]:
        """Make the pictures and show them; meanwhile, where that takes long, say how far it is."""
        asked = self.asked(values)
        stop, lang = self.context.begin(visitor, self.task), self.context.lang(visitor)
        cache = self.context.cache
        work = BackgroundWork(lambda report: make_images(asked, cache, stop, progress=report))
        yield from work.updates(self.note, self.context.words, lang)
        shown = self.shown(work.result, work.seconds, lang)
        shown[self.note] += self.recognised_html(work.result, lang)
        yield stop.newest({**shown, self.picked: 0, **self.code.show(asked, visitor)})

    @live
    def answer(self, values: dict[Any, Any], visitor: gr.Request) -> Any:
        """A setting moves: the sheet follows, where the model is quick."""
        asked, start = self.asked(values), time.perf_counter()
        if not is_quick(find_card(asked.model, self.context.settings, self.task)):
            return gr.skip()
        stop = self.context.begin(visitor, self.task)
        result = make_images(asked, self.context.cache, stop)
        return stop.newest(self.shown(result, time.perf_counter() - start, self.context.lang(visitor)))

    @polite
    def rest(self, result: ImageResult | None, picked: int, visitor: gr.Request) -> Any:
        """The hand rests: the look inside and the code of what is seen."""
        if result is None:
            return gr.skip()
        return {self.inside: self.look(result, picked, visitor), **self.code.show(result.request, visitor)}

    def shown(self, result: ImageResult, seconds: float, lang: str) -> dict[Any, Any]:
        """Updates that show a result."""
        note = f'<p class="note">{self.note_text(result, seconds, lang)}</p>{remark(result.note, lang)}'
        return {self.result: result, self.sheet: self.sheet_html(result, lang), self.note: note}

    def pick_picture(self, result: ImageResult | None, event: gr.EventData) -> int:
        """Which picture of the sheet was chosen."""
        return max(0, min(index_of(event), len(result.labels) - 1)) if result else 0

    def sheet_html(self, result: ImageResult, lang: str) -> str:
        """The contact sheet with the discriminator's verdict under each picture, where there is one."""
        say = self.context.words.translator(lang)
        names = [self.describe(result, i, lang) for i in range(len(result.labels))]
        verdicts = [judgement.verdict(share) for share in result.percentiles or []]
        captions = [say(f"judge.{verdict}") for verdict in verdicts] or [""] * len(names)
        return pictures.sheet(list(result.pictures), actions.columns_for(result), captions, names)

    def recognised_html(self, result: ImageResult, lang: str) -> str:
        """How many of the pictures a classifier of the same classes reads as they were asked for, where one is here."""
        if result.request.prior == "normal":
            return ""
        found = actions.recognised(result.pictures, result.labels, result.card, self.context.cache)
        if found is None:
            return ""
        counts = {"right": found.right, "total": found.n, "name": found.judge}
        return f'<p class="note">{self.context.words.say("classify.recognised", lang, **counts)}</p>'

    def describe(self, result: ImageResult, index: int, lang: str) -> str:
        """One picture in words: place, class where it has one, judgement."""
        say, name = self.context.words.translator(lang), class_names(result.card, lang)[result.labels[index]]
        if (
            result.request.prior == "normal" and "reconstruct" in result.card.tasks
        ):  # its decoder gets no class
            return say("image.free", place=index + 1)
        text = say("image.one", place=index + 1, name=name)
        if result.percentiles is None:
            return text
        share = result.percentiles[index]
        return f"{text} · {say(f'judge.said.{judgement.verdict(share)}')} ({share:.0%})"

    def note_text(self, result: ImageResult, seconds: float, lang: str) -> str:
        """The line under the sheet."""
        say = self.context.words.translator(lang)
        done = say("image.done", count=len(result.labels), seconds=f"{seconds:.2f}")
        return done + judgement.summary(result, say)

    @polite
    def look(self, result: ImageResult | None, index: int, visitor: gr.Request) -> Any:
        """One picture large, what the discriminator looks at in it and says of it, and its own seed."""
        if result is None:
            return gr.skip()
        index, say = min(index, len(result.labels) - 1), self.context.translator(visitor)
        figure = pictures.figure(result.pictures[index], "")
        look = judgement.look_html(result, index, self.context.cache, say)
        lines = [f"<p><b>{self.describe(result, index, self.context.lang(visitor))}</b></p>"]
        lines += [f"<p>{say('judge.colours')}</p>"] if look else []
        lines += [judgement.numbers_html(result, index, say)]
        lines += [f"<p>{say('image.own_seed', seed=result.seeds[index])}</p>"]
        return f'<div class="figures inside">{figure}{look}<div class="words">{"".join(lines)}</div></div>'

    def end_point(self, result: ImageResult, index: int) -> dict[str, Any]:
        """The picked picture as an end point of a walk: model, seed and class."""
        return {"model": result.card.id, "seed": result.seeds[index], "label": str(result.labels[index])}

    def file_of(self, result: ImageResult, index: int) -> Path:
        """The picked picture as a labelled file, for another tab."""
        alone = one_of(result, index)
        return actions.write_pictures(alone, self.context.folder(), marking=self.context.marking().unseen())[
            0
        ]

    def memory(self, result: ImageResult, lang: str) -> Memory:
        """The result for the history."""
        about = f"{result.card.id} · {self.context.words.say('image.seed', lang)} {result.request.seed}"
        return Memory(result.request, about, pictures.sprite(list(result.pictures[:3])))


def one_of(result: ImageResult, index: int) -> ImageResult:
    """One picture of a result as a result of its own, which its seed and class make again."""
    own = {"seed": result.seeds[index], "label": str(result.labels[index]), "count": 1}
    return replace(
        result,
        request=result.request.model_copy(update=own),
        pictures=result.pictures[index : index + 1],
        labels=[result.labels[index]],
        seeds=[result.seeds[index]],
        scores=None,
        percentiles=None,
    )
