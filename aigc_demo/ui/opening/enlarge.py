"""A photograph beside itself in sixteen times as many pixels, under an edge that moves.

recorded/enlarge/coffee.jpg is a part of "Coffee cup" by Rachel Michetti (courtesy of Pikolo Espresso Bar), scaled down to
160 x 107. The photographer waived all rights under CC0 1.0; the picture was taken from scikit-image 0.26
(skimage/data/coffee.png), whose documentation states so.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import gradio as gr
from PIL import Image

from aigc_demo import media
from aigc_demo.actions import upscale
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import Request, UpscaleRequest
from aigc_demo.ui.image.compare import MOVE, compare_html
from aigc_demo.ui.opening.exhibit import Exhibit, made_by
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.language import LOCALES, Say

BEFORE, AFTER = "coffee.jpg", "enlarged.jpg"


class Enlarge(Exhibit):
    """Recorded as the enlarged picture; the photograph itself is where its file says."""

    name = "enlarge"
    task = "upscale"
    asked: ClassVar[Mapping[str, Request]] = dict.fromkeys(
        ("en", "zh"), UpscaleRequest(model="realesrgan-x4", image=BEFORE)
    )

    def record(self, cache: ModelCache, lang: str) -> Mapping[str, bytes]:
        """The photograph, enlarged by the model."""
        request = self.asked[lang]
        here = request.model_copy(update={"image": str(self.folder / BEFORE)})
        after = Image.fromarray(upscale(here, cache).after)
        return {AFTER: media.encode(after, ".jpg", made_by(here, cache.settings), quality=82, optimize=True)}

    def stage(self, context: Context) -> gr.HTML:
        """The photograph, as large as the browser makes it, over the left half of the model's picture."""
        words = context.words
        both = (self.compared(words.translator(lang)) for lang in LOCALES)
        return gr.HTML(words.both(*both), js_on_load=MOVE + self.script())

    def compared(self, say: Say) -> str:
        """Both pictures in one place."""
        names = (say("start.enlarge.before"), say("start.enlarge.after"))
        html = compare_html(self.address(BEFORE), self.address(AFTER), names, say("compare.hand"))
        return html.replace("<img ", '<img loading="lazy" ')

    def takes(self, tab: Any) -> list[Any]:
        """The picture that the tab enlarges."""
        return [tab.picture]

    def carry_on(self, tab: Any, folder: Path, values: Mapping[Any, Any]) -> Mapping[Any, Any]:
        """The photograph as a file of the visitor's."""
        path = media.new_path(folder, "coffee", ".jpg")
        path.write_bytes((self.folder / BEFORE).read_bytes())
        return tab.receive(path)
