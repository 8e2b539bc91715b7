"""The Image tab: choose a model and classes, see a sheet of pictures, look at how the model judges or encodes them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from aigc_demo import actions
from aigc_demo.actions import ImageResult, make_images
from aigc_demo.models.family import serving
from aigc_demo.runtime.registry import cards_for, find_card
from aigc_demo.schemas import ImageRequest, ReconstructRequest, check
from aigc_demo.ui.image.encode_panel import EncodePanel
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.context import polite
from aigc_demo.ui.page.events import PRIVATE, QUICK, index_of
from aigc_demo.ui.page.generation_tab import GenerationTab
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
    seed_field,
)

FEW = 4  # pictures that a diffusion model is asked for at first: each takes many steps
EXAMPLES: dict[str, dict[str, Any]] = {
    "sevens": {"model": "gan-digits", "label": "7", "count": 32},
    "wardrobe": {"model": "gan-fashion", "label": "all", "count": 40},
    "average": {"model": "gan-digits", "label": "all", "count": 10, "truncation_psi": 0.0},
    "normal": {"model": "vae-digits", "label": "all", "count": 40, "prior": "normal"},
}


class ImageTab(GenerationTab):
    """Components and handlers of the tab. `fields` are its widgets by request field."""

    task = "image"
    tasks = ("image", "reconstruct")
    title = "mode.image"
    request_type = ImageRequest
    runs_as_it_is = True

    def _build_ask(self) -> None:
        """Left: choose and ask."""
        context, words = self.context, self.context.words
        picker = self._model_picker("image", "gan-digits")
        self.card = card = chosen_card(context, picker)
        classes = gr.CheckboxGroup(
            class_choices(context, card),
            value=[],
            label=words("image.label"),
            info=words("image.none_is_all"),
            visible=has_classes(card),
            elem_id="image-label",
        )
        count = self._field("count")
        seed = seed_field(context, self.task, ImageRequest)
        with gr.Accordion(words("shell.more"), open=False):
            stepwise = samples_in_steps(card)
            psi = self._field("truncation_psi", visible=not stepwise)
            prior = self._field("prior", visible="reconstruct" in card.tasks)
            self.sampler = SamplerFields(context, self.task, ImageRequest, card)
        self.fields = {
            "model": picker,
            "label": classes,
            "count": count,
            "seed": seed,
            "truncation_psi": psi,
            "prior": prior,
            **self.sampler.fields,
        }
        self._run_buttons("action.draw")
        here = {card.id for card in cards_for(self.task, context.settings)}
        names = [name for name, values in EXAMPLES.items() if values["model"] in here]
        self.examples = self._example_buttons(names, "example.image")

    def _build_see(self) -> None:
        """Right: see, look inside, how it works, take away."""
        context, words, card = self.context, self.context.words, self.card
        self.result = gr.State(None)
        self.sheet = pick_list(pictures.empty(words("empty.image")), "image-sheet")
        self.note = gr.HTML("", elem_id="image-note")
        with gr.Row(elem_classes="small-buttons"):
            self._download_buttons(("png", "jpg", "webp"), actions.write_sheet, self.result)
            download(context, words("save.zip"), "image-save-zip", self.result, actions.write_archive)
            self.send_upscale = gr.Button(words("action.to_upscale"), size="sm", elem_id="image-to-upscale")
            self.send_a = gr.Button(words("action.to_a"), size="sm", elem_id="image-to-a")
            self.send_b = gr.Button(words("action.to_b"), size="sm", elem_id="image-to-b")
        self.encode = EncodePanel(context, visible="reconstruct" in card.tasks)
        with gr.Accordion(words("panel.inside_image"), open=False, elem_id="image-inside"):
            self.inside = gr.HTML(words("empty.inside_image"))
        self.lesson = Lesson(context, serving("image"), card.family, "image-lesson")
        self.code = CodePanel.build(context, "image-code")
        self.picked = gr.State(0)

    def _connect(self) -> None:
        ran = self.go.click(
            self.run,
            set(self.fields.values()),
            [self.result, self.sheet, self.note, self.inside, self.picked, *vars(self.code).values()],
            concurrency_id="device",
            **PRIVATE,
        )
        self.runs = [(ran, self.result)]
        self.halt.click(self.stop, **QUICK)
        for name, button in self.examples.items():
            self._run_after(button.click(self.example(name), None, self.settable(), **PRIVATE))
        self.fields["model"].input(self.choose_model, self.fields["model"], self.settable(), **QUICK)
        self.sheet.select(self.pick_picture, self.result, [self.inside, self.picked], **PRIVATE)
        self.encode.connect(self.fields["model"])

    def settable(self) -> list[Any]:
        """The components that `show` may update."""
        own = [*self.fields.values(), self.card_lines, *self.lesson.groups.values()]
        return [*own, self.encode.group, *self.encode.settable()]

    def show(self, request: ImageRequest | ReconstructRequest, lang: str) -> dict[Any, Any]:
        """Updates that put a request's settings into the widgets, of the tab or of the panel that encodes."""
        updates = self.for_model(request.model, lang)
        if isinstance(request, ReconstructRequest):
            picker = chosen_model(self.context, "image", request.model, lang)
            return {**updates, self.fields["model"]: picker, **self.encode.show(request)}
        labels = [] if request.label in ("all", "") else request.label.split(",")
        values = {**request.model_dump(), "label": [label.strip() for label in labels]}
        updates = self.with_values(updates, values)
        updates[self.fields["model"]] = chosen_model(self.context, "image", request.model, lang)
        return updates

    def plain(self, values: Mapping[str, Any]) -> dict[str, Any]:
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
            self.encode.group: gr.update(visible=encodes),
            self.card_lines: gr.update(value=card_lines(self.context, card, lang)),
            **self.lesson.show(card.family),
        }

    def example(self, name: str) -> Any:
        """A handler that puts an example's settings into the widgets."""

        def fill(visitor: gr.Request) -> dict[Any, Any]:
            return self.show(check(ImageRequest, EXAMPLES[name]), self.context.lang(visitor))

        return fill

    @polite
    def run(self, values: dict[Any, Any], visitor: gr.Request) -> Iterator[dict[Any, Any]]:
        """Make the pictures and show them; meanwhile, where that takes long, say how far it is."""
        given = self.given(values)
        asked = check(ImageRequest, {**given, "label": ",".join(given["label"]) or "all"})
        stop, lang = self.context.begin(visitor, self.task), self.context.lang(visitor)
        cache = self.context.cache
        work = BackgroundWork(lambda report: make_images(asked, cache, stop, progress=report))
        yield from work.updates(self.note, self.context.words, lang)
        result = work.result
        yield {
            self.result: result,
            self.sheet: self.sheet_html(result, lang),
            self.note: f'<p class="note">{self.note_text(result, work.seconds, lang)}</p>'
            + remark(result.note, lang),
            self.inside: self.inside_html(result, 0, lang),
            self.picked: 0,
            **self.code.show(asked, visitor),
        }

    def pick_picture(
        self, result: ImageResult | None, event: gr.EventData, visitor: gr.Request
    ) -> tuple[Any, int]:
        """A picture of the sheet was chosen: show it large."""
        if result is None:
            return gr.skip(), 0
        index = max(0, min(index_of(event), len(result.labels) - 1))
        return self.inside_html(result, index, self.context.lang(visitor)), index

    def sheet_html(self, result: ImageResult, lang: str) -> str:
        """The contact sheet with the discriminator's judgement under each picture, where there is one."""
        names = [self.describe(result, i, lang) for i in range(len(result.labels))]
        captions = [f"{share:.0%}" for share in result.percentiles or []] or [""] * len(names)
        return pictures.sheet(list(result.pictures), actions.columns_for(result), captions, names)

    def describe(self, result: ImageResult, index: int, lang: str) -> str:
        """One picture in words: place, class, judgement."""
        name = class_names(result.card, lang)[result.labels[index]]
        text = self.context.words.say("image.one", lang, place=index + 1, name=name)
        if result.percentiles is None:
            return text
        return text + self.context.words.say("image.judged", lang, share=f"{result.percentiles[index]:.0%}")

    def note_text(self, result: ImageResult, seconds: float, lang: str) -> str:
        """The line under the sheet."""
        say = self.context.words.say
        judged = say("image.scores", lang) if result.percentiles else ""
        return say("image.done", lang, count=len(result.labels), seconds=f"{seconds:.2f}") + judged

    def inside_html(self, result: ImageResult, index: int, lang: str) -> str:
        """One picture large, with its own seed and what the discriminator says of it."""
        say = self.context.words.say
        lines = [self.describe(result, index, lang), say("image.own_seed", lang, seed=result.seeds[index])]
        if result.scores is not None:
            lines.append(say("image.logit", lang, score=f"{result.scores[index]:+.2f}"))
        text = "".join(f"<p>{line}</p>" for line in lines)
        return f'<div class="figures inside">{pictures.figure(result.pictures[index], "")}<div class="words">{text}</div></div>'

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
