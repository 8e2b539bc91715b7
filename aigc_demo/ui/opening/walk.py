"""A walk through latent space that plays: digits turning into one another."""

from collections.abc import Mapping
from typing import ClassVar

import gradio as gr
import numpy as np
from PIL import Image

from aigc_demo import media
from aigc_demo.actions import walk
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import Request, WalkRequest
from aigc_demo.ui.opening.exhibit import Exhibit, made_by
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.pictures import place


class Walk(Exhibit):
    """Recorded as one picture of all frames side by side, without the way back."""

    name = "walk"
    task = "walk"
    asked: ClassVar[Mapping[str, Request]] = dict.fromkeys(
        ("en", "zh"),
        WalkRequest(model="gan-digits", from_label="2", to_label="3", from_seed=11, to_seed=12, frames=24),
    )

    def record(self, cache: ModelCache, lang: str) -> Mapping[str, bytes]:
        """The frames from A to B."""
        request = self.asked[lang]
        film = np.concatenate(list(walk(request, cache).frames[: request.frames]), axis=1)
        said = made_by(request, cache.settings)
        return {"film.png": media.encode(Image.fromarray(film), ".png", said, optimize=True)}

    def stage(self, context: Context) -> gr.HTML:
        """A, now and B. The picture is fetched when it comes into view."""
        request = self.asked["en"]
        count = request.frames
        cells = "".join(
            f'<figure class="{kind}"><div class="pixels" style="{place(index, count)}"></div></figure>'
            for kind, index in (("a", 0), ("now", 0), ("b", count - 1))
        )
        return gr.HTML(
            None,
            html_template=f'<div class="stage" data-film="{self.address("film.png")}" data-fps="{request.fps}" '
            f'data-frames="{count}"><div class="trio">{cells}</div></div>',
            js_on_load=self.script(),
        )
