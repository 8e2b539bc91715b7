"""The way of working that makes a picture larger, beside what plain interpolation would have made of it."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from aigc_demo import actions, media
from aigc_demo.actions import UpscaleResult, upscale
from aigc_demo.actions.upscale import MAX_PIXELS
from aigc_demo.core.errors import InputError
from aigc_demo.models.family import family, serving
from aigc_demo.provenance.carrying import carried
from aigc_demo.runtime.registry import find_card
from aigc_demo.schemas import UpscaleRequest, check
from aigc_demo.ui.image.compare import compare_html, compare_stage
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.context import polite
from aigc_demo.ui.page.events import COMPUTES, PRIVATE, QUICK
from aigc_demo.ui.page.generation_tab import GenerationTab
from aigc_demo.ui.page.gradio_gaps import file_address, image_as_sent, when_chosen
from aigc_demo.ui.page.panels import PACKAGE, CodePanel, Memory, place_lesson
from aigc_demo.ui.page.progress import remark
from aigc_demo.ui.page.widgets import card_lines, chosen_model

# Who took it, and its licence, are named by the exhibit that shows it.
EXAMPLES = {"coffee": PACKAGE / "ui" / "opening" / "recorded" / "enlarge" / "coffee.jpg"}
THUMBNAIL = 96  # pixels of the longer side in the history


class UpscaleTab(GenerationTab):
    """Components and handlers. `fields` are its widgets by request field; the picture is never set from a recipe."""

    task = "upscale"
    title = "mode.upscale"
    request_type = UpscaleRequest

    def _build_ask(self) -> None:
        """The picture, the button, the model."""
        words = self.context.words
        self.picture = image_as_sent(
            sources=["upload", "clipboard"],
            label=words("upscale.image"),
            height=220,
            elem_id="upscale-image",
            buttons=[],
        )
        self._run_buttons("action.upscale")
        self.examples = self._example_buttons(EXAMPLES, "example.upscale")
        self.opening = dict.fromkeys(("en", "zh"), "upscale-example-coffee")
        limits = {"en": round(MAX_PIXELS / 1e6), "zh": 100 * round(MAX_PIXELS / 1e6)}
        note = words.both(*(words.say("upscale.limit", lang, limit=limit) for lang, limit in limits.items()))
        gr.Markdown(note, elem_classes="note")
        self.fields = {"model": self._model_picker("upscale", "realesrgan-x4")}

    def _build_see(self) -> None:
        """The picture beside itself, take away."""
        words = self.context.words
        self.result = gr.State(None)
        self.view = compare_stage(pictures.empty(words("empty.upscale")), "upscale-view")
        self.note = gr.HTML("", elem_id="upscale-note")
        with gr.Row(elem_classes="small-buttons"):
            self._download_buttons(("png", "jpg", "webp"), actions.write_upscaled, self.result)

    def _build_look(self) -> None:
        """How it works, the code."""
        folder = family(serving(self.task)[0]).folder
        place_lesson(self.context, "upscale-lesson", f"{folder}/lesson", f"{folder}/networks.py")
        self.code = CodePanel.build(self.context, "upscale-code")

    def _connect(self) -> None:
        ran = self.go.click(
            self.run,
            [self.fields["model"], self.picture],
            [self.result, self.view, self.note, *vars(self.code).values()],
            **COMPUTES,
        )
        self.runs = [(ran, self.result)]
        self.halt.click(self.stop, **QUICK)
        for name, button in self.examples.items():
            self._run_after(button.click(self.example(name), None, self.picture, **PRIVATE))
        when_chosen(self.fields["model"])(self.choose_model, self.fields["model"], self.settable(), **QUICK)

    def example(self, name: str) -> Callable[[gr.Request], str]:
        """A handler that puts an example's picture into its field, as a file of the visitor's."""

        def fill(visitor: gr.Request) -> str:
            return str(shutil.copy(EXAMPLES[name], self.context.folder(visitor) / EXAMPLES[name].name))

        return fill

    def settable(self) -> list[Any]:
        """The components that `show` may update."""
        return [*self.fields.values(), self.card_lines]

    def show(self, request: UpscaleRequest, lang: str) -> dict[Any, Any]:
        """Updates that put a request's settings into the widgets; the picture stays the one that is there."""
        model = chosen_model(self.context, self.task, request.model, lang)
        return {**self.for_model(request.model, lang), self.fields["model"]: model}

    def for_model(self, model: str, lang: str) -> dict[Any, Any]:
        """Updates of what depends on the model: its card."""
        card = find_card(model, self.context.settings, self.task)
        return {self.card_lines: gr.update(value=card_lines(self.context, card, lang))}

    def receive(self, path: Path) -> dict[Any, Any]:
        """Updates that put a picture of another tab here."""
        return {self.picture: str(path)}

    @polite
    def run(self, model: str | None, path: str | None, visitor: gr.Request) -> Any:
        """Enlarge the picture, and lay the result beside a bicubic enlargement."""
        lang, say = self.context.lang(visitor), self.context.words.say
        if not path:
            raise InputError(
                en="There is no picture yet; open one, drop it on the field, or send one from another tab.",
                zh="还没有图片；请打开一张、拖到图片框中，或从其他标签页发送过来。",
            )
        stop = self.context.begin(visitor, self.task)
        yield {self.note: f'<p class="note" role="status">{say("upscale.running", lang)}</p>'}
        try:
            start = time.perf_counter()
            asked = check(UpscaleRequest, {"model": model or "", "image": path})
            result = upscale(asked, self.context.cache, stop)
        except Exception:
            yield {self.note: ""}
            raise
        shown = {
            self.result: result,
            self.view: self.view_html(result, lang),
            self.note: self.note_html(result, time.perf_counter() - start, lang),
            **self.code.show(asked.model_copy(update={"image": "a.png"}), visitor),
        }
        yield stop.newest(shown)

    def view_html(self, result: UpscaleResult, lang: str) -> str:
        """The bicubic enlargement over the left half of the model's, and a link to the whole file."""
        say, folder = self.context.words.say, self.context.folder()
        height, width, _ = result.after.shape
        plain = media.new_path(folder, "bicubic", ".png")
        bicubic = Image.fromarray(result.before).resize((width, height), Image.Resampling.BICUBIC)
        media.save_copy(bicubic, plain, carried(result.request.image))
        after = file_address(actions.write_upscaled(result, folder, marking=self.context.marking()))
        names = (say("upscale.bicubic", lang), result.card.title.say(lang))
        whole = f'<p class="note"><a href="{after}" target="_blank">{say("upscale.whole", lang)}</a></p>'
        return compare_html(file_address(plain), after, names, say("compare.hand", lang)) + whole

    def note_html(self, result: UpscaleResult, seconds: float, lang: str) -> str:
        """The line under the picture."""
        (h, w, _), (high, wide, _) = result.before.shape, result.after.shape
        sizes = {"before": f"{w} × {h}", "after": f"{wide} × {high}", "seconds": f"{seconds:.1f}"}
        done = f'<p class="note">{self.context.words.say("upscale.done", lang, **sizes)}</p>'
        return done + remark(result.note, lang)

    def memory(self, result: UpscaleResult, lang: str) -> Memory:
        """The result for the history."""
        small = pictures.shrunk(result.before, THUMBNAIL)
        return Memory(
            result.request,
            f"{result.card.id} · × {result.scale}",
            pictures.data_uri(small, carried(result.request.image)),
        )
