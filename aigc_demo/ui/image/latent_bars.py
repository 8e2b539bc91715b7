"""The latent vector as bars that can be dragged; assets/latent_bars.js moves them and says where they are."""

import math
import time

import gradio as gr

from aigc_demo.actions import ReconstructResult
from aigc_demo.ui.page.language import Say
from aigc_demo.ui.page.live import Newest
from aigc_demo.ui.page.theme import asset

REACH = 3  # the bars go from -3 to 3, where nearly all of N(0, 1) lies


class LatentBars:
    """The component `bars`. After every movement `moved` has happened, and `z` says where the bars are (see `read_z`)."""

    def __init__(self, elem_id: str) -> None:
        self.bars = gr.HTML("", js_on_load=asset("latent_bars.js"), elem_id=elem_id)
        newest = Newest(self.bars.input, f"document.querySelector('#{elem_id} .latent').dataset.moved")
        self.z, self.moved = newest.box, newest.came


def read_z(text: str) -> list[float]:
    """The numbers, with commas; none where the bars are back at the picture's own. What is no number becomes one that no request takes."""
    try:
        return [float(part) for part in text.split(",")] if text else []
    except ValueError:
        return [math.nan]


def bars_html(result: ReconstructResult, say: Say) -> str:
    """The mean of each unit from -3 to 3 as a slider, with its standard deviation as a pale band, and the way back."""
    units = "".join(
        f'<span class="unit" role="slider" tabindex="0" aria-label="{say("encode.unit", index=i + 1)}" '
        f'aria-valuemin="-{REACH}" aria-valuemax="{REACH}" aria-valuenow="{mean:.3f}" aria-orientation="vertical" '
        f'data-mean="{mean:.3f}" style="--z:{mean:.3f};--mean:{mean:.3f};--deviation:{deviation:.3f}" '
        f'title="z{i + 1} = {mean:+.2f} ± {deviation:.2f}"><span class="band"></span><span class="bar"></span></span>'
        for i, (mean, deviation) in enumerate(zip(result.mean, result.deviation, strict=True))
    )
    # Gradio leaves alone what has not changed, and does not see what the hand has moved: the time tells two apart.
    return (
        f'<p class="note">{say("encode.bars")}</p><div class="latent" data-moved="" data-made="{time.monotonic_ns()}">{units}</div>'
        f'<button type="button" class="back" hidden>{say("encode.reset")}</button>'
    )
