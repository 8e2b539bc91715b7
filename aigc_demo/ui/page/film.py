"""Stages of one thing, from its start to now, under a slider that the reader moves by hand, or plays."""

import json
from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from aigc_demo.ui.page.language import Words
from aigc_demo.ui.page.theme import asset


def film(elem_id: str) -> gr.HTML:
    """The component that a film stands in, alive."""
    return gr.HTML("", js_on_load=asset("samples.js"), elem_id=elem_id)


def film_html(
    run: str,
    frames: Sequence[tuple[int, Any]],
    body: str,
    hand: str,
    words: Words,
    lang: str,
    more: str = "",
) -> str:
    """The markup that assets/samples.js moves: `body` shows the last of the (step, frame), `hand` names the slider.

    The same `run` drawn again keeps the place of the slider.
    """
    step, last = words.say("train.at_step", lang, step="{step}"), len(frames) - 1
    play, pause = escape(words.say("walk.play", lang)), escape(words.say("walk.pause", lang))
    button = f'<button type="button" class="play" data-play="{play}" data-pause="{pause}">{play}</button>'
    return (
        f'<div class="film" data-run="{escape(run)}" data-step="{escape(step)}" '
        f'data-frames="{escape(json.dumps(frames, ensure_ascii=False))}">'
        f'{body}<div class="hand">{button if last else ""}<label><span>{hand}</span>'
        f'<input type="range" min="0" max="{last}" value="{last}" {"disabled" if last == 0 else ""}>'
        f'<output class="at">{escape(step.format(step=frames[-1][0]))}</output></label></div>{more}</div>'
    )
