"""The stage of a walk: A, now and B in large pixels, a slider whose picture follows the hand, the film under it.

All frames travel to the browser once, side by side in one picture; assets/stage.js moves that picture behind a window,
so that neither the slider nor the player asks the server for anything.
"""

import time
from collections.abc import Sequence
from html import escape

import gradio as gr
import numpy as np

from aigc_demo.actions import WalkResult
from aigc_demo.ui.page.language import Words
from aigc_demo.ui.page.pictures import place, rendering, shrunk, sprite
from aigc_demo.ui.page.theme import asset

STRIP = 12  # pictures of a film at a glance
FRAME_SIDE, SPRITE_WIDTH = (
    256,
    16_000,
)  # pixels of a frame and of all of them side by side, at most: browsers have limits


def stage(value: str, elem_id: str) -> gr.HTML:
    """The component that a stage stands in, alive."""
    return gr.HTML(value, js_on_load=asset("stage.js"), elem_id=elem_id)


def stage_html(result: WalkResult, names: tuple[str, str], words: Words, lang: str) -> str:
    """The whole stage; `names` are the captions of A and B. It opens halfway, where neither of them is."""
    request, count = result.request, result.request.frames
    frames = [shrunk(frame, min(FRAME_SIDE, SPRITE_WIDTH // count)) for frame in result.frames[:count]]
    half = count // 2
    now = f"t = {result.times[half]:.2f}"
    return (
        f'<div class="stage" data-made="{time.monotonic_ns()}" data-fps="{request.fps}" data-back="{str(request.there_and_back).lower()}" '
        f'style="{rendering(frames[0])};--sprite:url({sprite(frames)});--at:{100 * half / (count - 1):.2f}%">'
        f'<div class="trio">{_end(0, count, names[0])}'
        f'<figure class="now"><div class="pixels" role="img" aria-label="{now}" style="{place(half, count)}"></div>'
        f"<figcaption><output>{now}</output></figcaption></figure>"
        f"{_end(count - 1, count, names[1])}</div>"
        f'<div class="hand">{_play_button(words, lang)}<input type="range" min="0" max="{count - 1}" value="{half}" '
        f'aria-label="{words.say("walk.between", lang)}" aria-valuetext="{now}"></div>'
        f"{_strip(count, half, words.say('walk.strip', lang))}</div>"
    )


def strip_html(frames: Sequence[np.ndarray], caption: str) -> str:
    """Frames in one row, with a caption above them."""
    cells = "".join(
        f'<span class="pixels" style="{place(index, len(frames))}"></span>' for index in range(len(frames))
    )
    return (
        f'<p class="note">{escape(caption)}</p>'
        f'<div class="strip" role="img" aria-label="{escape(caption)}" style="{rendering(frames[0])};--sprite:url({sprite(frames)})">{cells}</div>'
    )


def _end(index: int, count: int, caption: str) -> str:
    return (
        f'<figure><div class="pixels" role="img" aria-label="{escape(caption)}" style="{place(index, count)}"></div>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _play_button(words: Words, lang: str) -> str:
    play, pause = words.say("walk.play", lang), words.say("walk.pause", lang)
    return f'<button type="button" class="play" data-play="{play}" data-pause="{pause}">{play}</button>'


def _strip(count: int, chosen: int, name: str) -> str:
    """The film in twelve pictures at most. A press on one goes there; the slider does the same for the keyboard."""
    shown = np.unique(np.linspace(0, count - 1, min(STRIP, count)).round().astype(int)).tolist()
    nearest = min(shown, key=lambda index: abs(index - chosen))
    cells = "".join(
        f'<span class="pixels{" chosen" if index == nearest else ""}" data-frame="{index}" '
        f'title="t = {index / (count - 1):.2f}" style="{place(index, count)}"></span>'
        for index in shown
    )
    return f'<div class="strip" role="img" aria-label="{escape(name)}">{cells}</div>'
