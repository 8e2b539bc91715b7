"""A hero drawn from words: the sentence grows phrase by phrase, and each time the picture comes out of the noise anew."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import ClassVar

import gradio as gr
import numpy as np
from PIL import Image

from aigc_demo import media
from aigc_demo.actions import draw
from aigc_demo.core.settings import Settings
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import DrawRequest, Request
from aigc_demo.ui.opening.exhibit import Exhibit, made_by
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.language import LOCALES, Say

MODEL, SEED = "draw-heroes", 7
PARTS: Mapping[str, Sequence[str]] = {  # each beginning of the sentence is drawn, from the same noise
    "en": ("an elf woman", ", wearing a blue robe", ", with a red cloak", ", holding a ruby staff"),
    "zh": ("女精灵", "，穿着蓝袍", "，披着红斗篷", "，拿着红宝石法杖"),
}
FRAMES = 6  # of each beginning, the finished picture among them
COLOURS = 128
FILM = "{lang}.png"


class Paint(Exhibit):
    """Recorded as one picture of all frames side by side: FRAMES of each beginning of the sentence."""

    name = "paint"
    task = "draw"
    asked: ClassVar[Mapping[str, Request]] = {
        lang: DrawRequest(model=MODEL, prompt="".join(parts), seed=SEED) for lang, parts in PARTS.items()
    }

    def here(self, settings: Settings) -> bool:
        """Whether the model is on this disk, and has been recorded."""
        return super().here(settings) and all(
            (self.folder / FILM.format(lang=lang)).exists() for lang in PARTS
        )

    def record(self, cache: ModelCache, lang: str) -> Mapping[str, bytes]:
        """What the model takes the finished picture for, early and late, for each beginning."""
        request, parts = self.asked[lang], PARTS[lang]
        frames: list[np.ndarray] = []
        for end in range(1, len(parts) + 1):
            beginning = request.model_copy(update={"prompt": "".join(parts[:end])})
            seen = [result.preview[0] for result in draw(beginning, cache) if result.preview is not None]
            # most happens early
            chosen = np.rint(np.linspace(0, 1, FRAMES) ** 2 * (len(seen) - 1)).astype(int)
            frames += [seen[place] for place in chosen]
        said = made_by(request, cache.settings)
        film = Image.fromarray(np.concatenate(frames, axis=1))
        film = film.quantize(COLOURS, dither=Image.Dither.NONE)  # a third of the bytes
        return {FILM.format(lang=lang): media.encode(film, ".png", said, optimize=True)}

    def stage(self, context: Context) -> gr.HTML:
        """The picture, and under it the sentence."""
        words = context.words
        both = (
            self.painting(words.translator(lang), self.shown_in(lang, context.settings)) for lang in LOCALES
        )
        return gr.HTML(words.both(*both), js_on_load=self.script())

    def painting(self, say: Say, shown: str) -> str:
        """The markup that assets/start_paint.js moves; at rest it shows the whole sentence and its picture."""
        parts = PARTS[shown]
        spans = "".join(f"<span>{escape(part)}</span>" for part in parts)
        return (
            f'<div class="painting" data-film="{self.address(FILM.format(lang=shown))}" data-frames="{FRAMES}" '
            f'data-parts="{len(parts)}"><div class="pixels" role="img" '
            f'aria-label="{escape(say("start.paint.seen"))}"></div><p class="sentence" lang="{shown}">{spans}</p></div>'
        )
