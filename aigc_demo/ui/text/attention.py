"""Look inside a text: the attention matrix of one layer and head as a heat map.

Row t of the matrix is the distribution over the tokens up to t that token t mixes its values from, just before the
model names token t + 1 (Vaswani et al. 2017, eq. 1).
"""

import json
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from aigc_demo.actions import ChatResult, TextResult
from aigc_demo.actions.base import find_adapter, put_adapter
from aigc_demo.core.stopping import Stop
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import runs_here
from aigc_demo.models.protocols import TokenChoice
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.zero_gpu import on_gpu
from aigc_demo.schemas import ChatRequest
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE
from aigc_demo.ui.page.language import Say
from aigc_demo.ui.text.heat_map import heat_map


@dataclass(frozen=True)
class Attention:
    """Labels of the T tokens read, prompt included; weights (T, T); place of the first generated token."""

    labels: list[str]
    weights: np.ndarray
    prompt: int


Result = TextResult | ChatResult


@on_gpu()
def read_attention(
    result: Result, sample: int, layer: int, head: int, cache: ModelCache, stop: Stop
) -> Attention:
    """The attention of one head, layer and head counted from 0, over a text and the last that the model read before it."""
    asked = result.request
    card = registry.find_card(asked.model, cache.settings, result.card.tasks[0])
    adapter = find_adapter(asked, cache.settings)
    with cache.use(card, stop) as model:
        put_adapter(model, adapter, asked.adapter_weight)
        prompt = prompt_ids(result, model)
        written = [token.id for token in tokens_of(result)[sample]]
        labels, weights = model.attention(
            prompt + written, min(layer, model.layers - 1), min(head, model.heads - 1)
        )
    return Attention(labels, weights.numpy(), max(0, len(labels) - len(written)))


def prompt_ids(result: Result, model: Any) -> list[int]:
    """The tokens that the model read before it wrote."""
    asked = result.request
    if isinstance(asked, ChatRequest):
        messages = [message.model_dump() for message in asked.messages]
        return model.converse(messages, asked.system, asked.max_new_tokens).ids
    return model.encode_prompt(asked.prompt, asked.form if model.forms else None, asked.prompt_is)


def tokens_of(result: Result) -> list[list[TokenChoice]]:
    """The tokens of each text of a result; a chat has one."""
    if isinstance(result, ChatResult):
        return [result.tokens]
    return [sample.tokens for sample in result.samples]


def drawn(attention: Attention, sample: int, say: Say) -> str:
    """The matrix as a square heat map."""
    data = {"sample": sample, "prompt": attention.prompt}
    return heat_map(
        attention.weights,
        attention.labels,
        attention.labels,
        say("attention.caption"),
        say("attention.hint"),
        data,
        say,
    )


def shape_of(card: ModelCard) -> tuple[int, int] | None:
    """Layers and heads, from config.json: the model itself may be lent to another visitor by now. None on a server."""
    if not runs_here(card.family):
        return None
    config = json.loads((card.folder / "config.json").read_text("utf-8"))
    config = config.get("text_config", config)
    layers, heads = (
        next((config[name] for name in names if name in config), 1)
        for names in (
            ("num_hidden_layers", "n_layer", "num_layers"),
            ("num_attention_heads", "n_head", "num_heads"),
        )
    )
    return layers, heads


class AttentionPanel:
    """Components and handlers of the panel."""

    def __init__(self, context: Context, task: str) -> None:
        self.context = context
        self.name = name = f"{task}-attention"
        words = context.words
        with gr.Accordion(words("attention.title"), open=False, elem_id=name) as self.fold:
            with gr.Row(visible=False) as self.choosers:
                options = {"minimum": 1, "maximum": 4, "step": 1, "value": 1, "min_width": 140}
                self.sample = gr.Slider(
                    label=words("attention.sample"), elem_id=f"{name}-sample", visible=False, **options
                )
                self.layer = gr.Slider(label=words("attention.layer"), elem_id=f"{name}-layer", **options)
                self.head = gr.Slider(label=words("attention.head"), elem_id=f"{name}-head", **options)
            self.view = gr.HTML(words("attention.empty"), elem_id=f"{name}-view")
            self.go = gr.Button(words("attention.show"), size="sm", visible=False, elem_id=f"{name}-go")

    def connect(self, result: gr.State) -> None:
        """Draw the map when the panel is opened, when a chooser moves, and on the button."""
        gr.on(
            [self.go.click, self.fold.expand, self.sample.input, self.layer.input, self.head.input],
            self.draw,
            [result, self.sample, self.layer, self.head],
            [self.view, self.go],
            **PRIVATE,
            trigger_mode="always_last",
        )

    def outputs(self) -> list[Any]:
        """The components that `fit` updates."""
        return [self.choosers, self.sample, self.layer, self.head, self.view, self.go]

    def clear(self) -> dict[Any, Any]:
        """Updates for no text, or one whose model is elsewhere."""
        return {self.choosers: gr.update(visible=False), self.view: "", self.go: gr.update(visible=False)}

    def fit(self, result: Result) -> dict[Any, Any]:
        """Updates for a new text: as many layers, heads and samples as there are, and no map yet."""
        if not (shape := shape_of(result.card)):
            return self.clear()
        layers, heads = shape
        count = len(tokens_of(result))
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
        self, result: Result | None, sample: float, layer: float, head: float, visitor: gr.Request
    ) -> Any:
        """The heat map of the chosen sample, layer and head, counted from 1 on the page."""
        if result is None or not shape_of(result.card):
            return gr.skip()
        place = max(0, min(int(sample), len(tokens_of(result))) - 1)
        stop = self.context.begin(visitor, self.name)
        found = read_attention(
            result, place, max(0, int(layer) - 1), max(0, int(head) - 1), self.context.cache, stop
        )
        picture = drawn(found, place, self.context.translator(visitor))
        return picture, gr.update(visible=False)
