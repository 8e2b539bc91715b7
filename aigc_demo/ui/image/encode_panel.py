"""Draw or upload a picture and see a VAE encode it: reconstruction, denoising, latent vector, nearest training codes."""

from html import escape
from typing import Any

import gradio as gr

from aigc_demo import actions
from aigc_demo.actions import ReconstructResult, reconstruct
from aigc_demo.core.errors import InputError
from aigc_demo.provenance.carrying import carried
from aigc_demo.schemas import ReconstructRequest, check
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.draw_pad import DrawPad
from aigc_demo.ui.page.events import PRIVATE
from aigc_demo.ui.page.widgets import download, field


class EncodePanel:
    """Components and handlers of the panel; `group` is shown for models that encode."""

    def __init__(self, context: Context, visible: bool) -> None:
        self.context = context
        words = context.words
        with (
            gr.Column(visible=visible) as self.group,
            gr.Accordion(words("panel.encode"), open=False, elem_id="image-encode") as self.fold,
        ):
            gr.Markdown(words("encode.help"), elem_classes="note")
            with gr.Row():
                with gr.Column(min_width=280, scale=1):
                    self.pad = DrawPad(context, "encode-pad")
                with gr.Column(min_width=200, scale=1):
                    self.noise = field(context, "reconstruct", ReconstructRequest, "noise")
                    self.neighbours = field(context, "reconstruct", ReconstructRequest, "neighbours")
                    self.go = gr.Button(words("action.encode"), variant="primary", elem_id="encode-go")
                    self.result = gr.State(None)
                    download(
                        context, words("save.png"), "encode-save", self.result, actions.write_reconstruction
                    )
            self.view = gr.HTML("", elem_id="encode-view")

    def settable(self) -> list[Any]:
        """The components that `show` may update."""
        return [self.fold, self.noise, self.neighbours]

    def show(self, request: ReconstructRequest) -> dict[Any, Any]:
        """Updates that put a request's settings into the open panel; the pad keeps its picture."""
        return {
            self.fold: gr.update(open=True),
            self.noise: gr.update(value=request.noise),
            self.neighbours: gr.update(value=request.neighbours),
        }

    def connect(self, model: gr.Dropdown) -> None:
        """Wire the panel to the tab's model picker."""
        run = {
            "fn": self.run,
            "inputs": [model, self.pad.path, self.noise, self.neighbours],
            "outputs": [self.result, self.view],
            **PRIVATE,
            "concurrency_id": "device",
        }
        self.go.click(**run)
        self.pad.changed.success(**run)
        self.pad.opened.success(**run)

    @polite
    def run(self, model: str, path: str, noise: float, neighbours: int, visitor: gr.Request) -> Any:
        """Encode what is on the pad and show all that comes of it."""
        if not path:
            raise InputError(
                en="The pad is empty; draw a picture or open a file.",
                zh="画板是空的；请画一幅图或打开一个文件。",
            )
        values = {"model": model, "image": path, "noise": noise, "neighbours": neighbours}
        result = reconstruct(
            check(ReconstructRequest, values), self.context.cache, self.context.begin(visitor, "reconstruct")
        )
        return result, self.html(result, self.context.lang(visitor))

    def html(self, result: ReconstructResult, lang: str) -> str:
        """Input, noisy input and reconstruction; the latent as bars; the nearest training codes, decoded."""
        say = self.context.words.say
        row = [
            (result.original, "encode.input"),
            (result.noisy, "encode.noisy"),
            (result.reconstruction, "encode.output"),
        ]
        if result.request.noise == 0:
            row.pop(1)
        given = carried(result.request.image)
        figures = "".join(
            pictures.figure(picture, say(key, lang), None if key == "encode.output" else given)
            for picture, key in row
        )
        names = [result.card.classes[lang][label] for label in result.neighbour_labels]
        captions = [
            f"{name} · {distance:.1f}" for name, distance in zip(names, result.distances, strict=True)
        ]
        near = pictures.sheet(list(result.neighbours), min(8, len(names)), captions, captions)
        top = max(set(names), key=names.count)
        verdict = say("encode.verdict", lang, name=escape(top), votes=names.count(top), total=len(names))
        return (
            f'<div class="figures">{figures}</div><p class="note">{say("encode.latent", lang)}</p>{latent_bars(result)}'
            f'<p class="note">{say("encode.near", lang)} {verdict}</p>{near}'
        )


def latent_bars(result: ReconstructResult) -> str:
    """The latent vector as bars: the mean of each unit from -3 to 3, with its standard deviation as a pale band."""
    bars = []
    for i, (mean, deviation) in enumerate(zip(result.mean, result.deviation, strict=True)):
        low, high = sorted((50.0, 50 + mean / 6 * 100))
        band = (50 + (mean - deviation) / 6 * 100, deviation / 3 * 100)
        bars.append(
            f'<span class="unit" title="z{i + 1} = {mean:+.2f} ± {deviation:.2f}">'
            f'<span class="band" style="bottom:{band[0]:.1f}%;height:{band[1]:.1f}%"></span>'
            f'<span class="bar" style="bottom:{low:.1f}%;height:{high - low:.1f}%"></span></span>'
        )
    return f'<div class="latent">{"".join(bars)}</div>'
