"""The latent vector as bars that can be dragged; assets/latent_bars.js moves them and says where they are."""

import time

import gradio as gr

from aigc_demo.actions import ReconstructResult
from aigc_demo.ui.page.language import Say
from aigc_demo.ui.page.theme import asset

REACH = 3  # the bars go from -3 to 3, where nearly all of N(0, 1) lies


class LatentBars:
    """The component: its event `input` carries z, a list of all numbers as the hand has put them; none: as they were."""

    def __init__(self, elem_id: str) -> None:
        self.bars = gr.HTML("", js_on_load=asset("latent_bars.js"), elem_id=elem_id)


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
        f'<p class="note">{say("encode.bars")}</p><div class="latent" data-made="{time.monotonic_ns()}">{units}</div>'
        f'<button type="button" class="back" hidden>{say("encode.reset")}</button>'
    )
