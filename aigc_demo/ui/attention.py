"""Look inside a text: the attention matrix of one layer and head as a heat map.

Row t of the matrix is the distribution over the tokens up to t that token t mixes its values from, just before the
model names token t + 1 (Vaswani et al. 2017, eq. 1).
"""

import json
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from aigc_demo.actions import Stop, TextResult
from aigc_demo.cards import ModelCard
from aigc_demo.runtime import ModelCache
from aigc_demo.ui.context import Context, polite
from aigc_demo.ui.heat_map import heat_map
from aigc_demo.ui.odds import Say


@dataclass(frozen=True)
class Attention:
    """Labels of the T tokens read, prompt included; weights (T, T); place of the first generated token."""

    labels: list[str]
    weights: np.ndarray
    prompt: int


def read_attention(
    result: TextResult, sample: int, layer: int, head: int, cache: ModelCache, stop: Stop
) -> Attention:
    """The attention of one head, layer and head counted from 0, over a sample and the prompt before it."""
    asked = result.request
    with cache.use(asked.model, "text", stop) as model:
        prompt = model.encode_prompt(asked.prompt, asked.form if model.forms else None, asked.prompt_is)
        written = [token.id for token in result.samples[sample].tokens]
        labels, weights = model.attention(
            prompt + written, min(layer, model.layers - 1), min(head, model.heads - 1)
        )
    return Attention(labels, weights.numpy(), len(prompt))


def drawn(attention: Attention, sample: int, say: Say) -> str:
    """The matrix as a square heat map."""
    data = {"sample": sample, "prompt": attention.prompt}
    return heat_map(
        attention.weights, attention.labels, attention.labels, say("attention.caption"), data, say
    )


def shape_of(card: ModelCard) -> tuple[int, int]:
    """Layers and heads, from config.json: the model itself may be lent to another visitor by now."""
    config = json.loads((card.folder / "config.json").read_text("utf-8"))
    return config["num_hidden_layers"], config["num_attention_heads"]


class AttentionPanel:
    """Components and handlers of the panel."""

    def __init__(self, context: Context) -> None:
        self.context = context
        words = context.words
        with gr.Accordion(words("attention.title"), open=False, elem_id="text-attention") as self.fold:
            with gr.Row(visible=False) as self.choosers:
                options = {"minimum": 1, "maximum": 4, "step": 1, "value": 1, "min_width": 140}
                self.sample = gr.Slider(
                    label=words("attention.sample"), elem_id="attention-sample", visible=False, **options
                )
                self.layer = gr.Slider(label=words("attention.layer"), elem_id="attention-layer", **options)
                self.head = gr.Slider(label=words("attention.head"), elem_id="attention-head", **options)
            self.view = gr.HTML(words("attention.empty"), elem_id="attention-view")
            self.go = gr.Button(words("attention.show"), size="sm", visible=False, elem_id="attention-go")

    def connect(self, result: gr.State) -> None:
        """Draw the map when the panel is opened, when a chooser moves, and on the button."""
        gr.on(
            [self.go.click, self.fold.expand, self.sample.input, self.layer.input, self.head.input],
            self.draw,
            [result, self.sample, self.layer, self.head],
            [self.view, self.go],
            api_visibility="private",
            show_progress="hidden",
            trigger_mode="always_last",
        )

    def outputs(self) -> list[Any]:
        """The components that `fit` updates."""
        return [self.choosers, self.sample, self.layer, self.head, self.view, self.go]

    def fit(self, result: TextResult) -> dict[Any, Any]:
        """Updates for a new text: as many layers, heads and samples as there are, and no map yet."""
        layers, heads = shape_of(result.card)
        count = len(result.samples)
        return {
            self.choosers: gr.update(visible=True),
            self.sample: gr.update(maximum=max(count, 2), value=1, visible=count > 1),
            self.layer: gr.update(maximum=layers),
            self.head: gr.update(maximum=heads),
            self.view: "",
            self.go: gr.update(visible=True),
        }

    @polite
    def draw(
        self, result: TextResult | None, sample: float, layer: float, head: float, request: gr.Request
    ) -> Any:
        """The heat map of the chosen sample, layer and head, counted from 1 on the page."""
        if result is None:
            return gr.skip()
        lang = self.context.lang(request)
        place = max(0, min(int(sample), len(result.samples)) - 1)
        stop = self.context.begin(request, "attention")
        found = read_attention(
            result, place, max(0, int(layer) - 1), max(0, int(head) - 1), self.context.cache, stop
        )
        picture = drawn(found, place, lambda key, **values: self.context.words.say(key, lang, **values))
        return picture, gr.update(visible=False)
