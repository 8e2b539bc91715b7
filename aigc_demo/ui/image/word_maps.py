"""The picture and its sentence: each word, pointed at or pressed, shows where the model looked for it."""

import base64
import io
from html import escape
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from aigc_demo.actions import DrawResult, WordMaps, code_odds, word_maps
from aigc_demo.ui.image.code_odds import code_odds_html
from aigc_demo.ui.image.vocabulary import is_own
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE
from aigc_demo.ui.page.language import Words
from aigc_demo.ui.page.pictures import data_uri, place
from aigc_demo.ui.page.theme import asset

LIGHT = (255, 214, 10)  # of a map over the picture


class WordMapPanel:
    """The fold of the maps, `fold` and `view`, and behind it that of the odds of codes, where the model writes such."""

    def __init__(self, context: Context, elem_id: str) -> None:
        self.context = context
        with gr.Accordion(
            context.words("panel.word_maps"), open=False, visible=False, elem_id=elem_id
        ) as self.fold:
            self.view = gr.HTML("", js_on_load=asset("word_maps.js"), elem_id=f"{elem_id}-view")
        with gr.Accordion(
            context.words("panel.code_odds"), open=False, visible=False, elem_id=f"{elem_id}-odds"
        ) as self.odds_fold:
            self.odds = gr.HTML("", js_on_load=asset("code_odds.js"), elem_id=f"{elem_id}-odds-view")
        self.opened = gr.State(False)  # odds take longer than a drawing: they are for who looks at them

    def connect(self, chosen: gr.State) -> None:
        """Opening the fold of the odds asks for those of the chosen picture."""
        self.odds_fold.expand(self.open, chosen, [self.opened, self.odds], **PRIVATE)
        self.odds_fold.collapse(lambda: False, None, self.opened, **PRIVATE)

    def settable(self) -> list[Any]:
        """The components that `look` updates."""
        return [self.fold, self.view, self.odds_fold, self.odds]

    @polite
    def look(self, chosen: DrawResult | None, opened: bool, visitor: gr.Request) -> dict[Any, Any]:
        """The maps of the chosen picture, and its odds where their fold is open; a fold goes where there are none."""
        found = None
        if chosen is not None and is_own(chosen.card):
            stop = self.context.begin(visitor, "word-maps")
            found = word_maps(chosen.request, self.context.cache, stop)
        coded = found is not None and found.coded
        maps = (
            maps_html(chosen.pictures[0], found, self.context.words, self.context.lang(visitor))
            if found
            else ""
        )
        return {
            self.fold: gr.update(visible=bool(maps)),
            self.view: maps,
            self.odds_fold: gr.update(visible=coded),
            self.odds: self._odds(chosen, visitor) if coded and opened else "",
        }

    @polite
    def open(self, chosen: DrawResult | None, visitor: gr.Request) -> tuple[bool, str]:
        """The fold of the odds was opened."""
        return True, self._odds(chosen, visitor) if chosen is not None else ""

    def _odds(self, chosen: DrawResult, visitor: gr.Request) -> str:
        """What each code of the chosen picture cost; empty where it has none."""
        odds = code_odds(chosen.request, self.context.cache, self.context.begin(visitor, "code-odds"))
        words, lang = self.context.words, self.context.lang(visitor)
        return code_odds_html(chosen.pictures[0], odds, words, lang) if odds else ""


def maps_html(picture: np.ndarray, found: WordMaps, words: Words, lang: str) -> str:
    """The picture under the map of one word, and all words as buttons."""
    say, total = words.translator(lang), len(found.words)
    buttons = "".join(
        f'<button type="button" data-word="{i}" aria-pressed="false" data-place="{place(i, total)}">{escape(word)}</button>'
        for i, word in enumerate(found.words)
    )
    return (
        f'<div class="word-maps" style="--maps:url({maps_uri(found.maps)})"><p class="note">{say("draw.maps")}</p>'
        f'<div class="stack"><img src="{data_uri(picture)}" alt="{escape(say("draw.maps_of"))}"><i class="map"></i></div>'
        f'<div class="said" role="group" aria-label="{escape(say("draw.maps_words"))}">{buttons}</div></div>'
    )


def maps_uri(maps: np.ndarray) -> str:
    """The maps (W, h, w) in one row, as light of varying strength in a data: address; each is as bright as it can be."""
    least, most = (part(maps, axis=(1, 2), keepdims=True) for part in (np.min, np.max))
    shares = (maps - least) / np.maximum(most - least, 1e-6)
    row = np.concatenate(list(shares), axis=1)
    pixels = np.empty((*row.shape, 4), np.uint8)
    pixels[..., :3], pixels[..., 3] = LIGHT, np.rint(row * 230)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
