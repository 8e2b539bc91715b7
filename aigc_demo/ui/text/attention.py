"""Look inside a text: all attention heads as small maps, the most telling named in words, and one large as a heat map.

Row t of the matrix is the distribution over the tokens up to t that token t mixes its values from, just before the
model names token t + 1 (Vaswani et al. 2017, eq. 1).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
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
from aigc_demo.ui.page.events import PRIVATE, index_of
from aigc_demo.ui.page.language import Say
from aigc_demo.ui.text.head_sheet import CHOOSE_HEAD, MARK_HEAD, sentence, sheet, small_maps
from aigc_demo.ui.text.heads import Finding, Reading, describe, most_telling
from aigc_demo.ui.text.heat_map import heat_map
from aigc_demo.ui.text.odds import is_verse


@dataclass(frozen=True)
class Attention:
    """One head of a text: its weights (T, T), its place counted from 0, and what it looks at, if that can be said.

    `maps`: all heads, small (layers, heads, s, s), where they were asked for; `telling`: the heads worth a sentence.
    """

    reading: Reading
    weights: np.ndarray
    layer: int
    head: int
    found: Finding | None
    maps: np.ndarray | None = None
    telling: Sequence[Finding] = ()


Result = TextResult | ChatResult


@on_gpu()
def read_attention(
    result: Result, sample: int, chosen: tuple[int, int] | None, cache: ModelCache, stop: Stop
) -> Attention:
    """The attention over a text and the last that the model read before it: of the head `chosen`, (layer, head) from 0.

    Without it all heads as small maps, and the most telling of them.
    """
    asked = result.request
    card = registry.find_card(asked.model, cache.settings, result.card.tasks[0])
    adapter = find_adapter(asked, cache.settings)
    with cache.use(card, stop) as model:
        put_adapter(model, adapter, asked.adapter_weight)
        prompt = prompt_ids(result, model)
        written = [token.id for token in tokens_of(result)[sample]]
        labels, tensor = model.attentions(prompt + written)
        weights = tensor.numpy()
    reading = reading_of(result, labels, len(labels) - len(written))
    if chosen is None:
        telling = most_telling(weights, reading)
        layer, head = telling[0].layer, telling[0].head
        maps = small_maps(weights)
    else:
        layer, head = (min(place, size - 1) for place, size in zip(chosen, weights.shape[:2], strict=True))
        maps, telling = None, ()
    own = weights[layer, head].copy()
    return Attention(reading, own, layer, head, describe(own, reading, layer, head), maps, telling)


def reading_of(result: Result, labels: list[str], prompt: int) -> Reading:
    """The labels with what is known of the text: the lines and the title of a poem that begins where the labels do."""
    from aigc_demo.language.forms import find_form
    from aigc_demo.language.tokenizer import SEPARATOR

    asked = result.request
    if (
        isinstance(asked, ChatRequest)
        or not is_verse(result.card)
        or SEPARATOR not in labels[: max(0, prompt)]
    ):
        return Reading(labels, max(0, prompt))
    start = labels.index(SEPARATOR) + 1
    title = start - 3 if asked.prompt_is == "title" else 0  # behind the start and the form
    return Reading(labels, prompt, find_form(asked.form).length, start, title)


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
    """The matrix as a square heat map, under the sentence of what the head looks at."""
    place = {"layer": attention.layer, "head": attention.head}
    words = (
        sentence(attention.found, say)
        if attention.found
        else say("heads.none", layer=attention.layer + 1, head=attention.head + 1)
    )
    labels = attention.reading.labels
    picture = heat_map(
        attention.weights,
        labels,
        labels,
        say("attention.caption"),
        say("attention.hint"),
        {"sample": sample, "prompt": attention.reading.prompt, **place},
        say,
    )
    return f'<p class="finding">{escape(words)}</p>{picture}'


def shape_of(card: ModelCard) -> tuple[int, int] | None:
    """Layers and heads, from config.json: the model itself may be lent to another visitor by now.

    None on a server, and of a model without heads.
    """
    if not runs_here(card.family):
        return None
    config = json.loads((card.folder / "config.json").read_text("utf-8"))
    config = config.get("text_config", config)
    layers, heads = (
        next((config[name] for name in names if name in config), 0)
        for names in (
            ("num_hidden_layers", "n_layer", "num_layers"),
            ("num_attention_heads", "n_head", "num_heads"),
        )
    )
    return (layers or 1, heads) if heads else None


class AttentionPanel:
    """Components and handlers of the panel."""

    def __init__(self, context: Context, task: str) -> None:
        self.context = context
        self.name = name = f"{task}-attention"
        words = context.words
        with gr.Accordion(words("attention.title"), open=False, elem_id=name) as self.fold:
            self.sample = self._chooser("sample", visible=False)
            self.sheet = gr.HTML(words("attention.empty"), js_on_load=CHOOSE_HEAD, elem_id=f"{name}-sheet")
            self.view = gr.HTML("", js_on_load=MARK_HEAD, elem_id=f"{name}-view")
            with gr.Row(visible=False) as self.choosers:
                self.layer, self.head = (self._chooser(part) for part in ("layer", "head"))
            self.go = gr.Button(words("attention.show"), size="sm", visible=False, elem_id=f"{name}-go")

    def _chooser(self, part: str, **options: Any) -> gr.Slider:
        """A slider that says which of several."""
        label, elem_id = self.context.words(f"attention.{part}"), f"{self.name}-{part}"
        return gr.Slider(
            minimum=1, maximum=4, step=1, value=1, min_width=140, label=label, elem_id=elem_id, **options
        )

    def connect(self, result: gr.State) -> None:
        """Show all heads when the panel is opened, on the button and for another text; one when it is chosen."""
        shown = [self.sheet, self.view, self.choosers, self.layer, self.head, self.go]
        once = {**PRIVATE, "trigger_mode": "always_last"}
        opened = [self.go.click, self.fold.expand, self.sample.input]
        gr.on(opened, self.overview, [result, self.sample], shown, **once)
        chosen = [self.layer.input, self.head.input]
        gr.on(chosen, self.draw, [result, self.sample, self.layer, self.head], self.view, **once)
        picked = [self.view, self.layer, self.head]
        self.sheet.select(self.pick, [result, self.sample], picked, **once)

    def outputs(self) -> list[Any]:
        """The components that `fit` updates."""
        parts = [self.choosers, self.sample, self.layer, self.head, self.sheet, self.view, self.go]
        return [self.fold, *parts]

    def clear(self) -> dict[Any, Any]:
        """Updates for no text, or one whose model is elsewhere."""
        hidden = {part: gr.update(visible=False) for part in (self.choosers, self.sample, self.go)}
        return {**hidden, self.sheet: "", self.view: ""}

    def fit(self, result: Result) -> dict[Any, Any]:
        """Updates for a new text: as many layers, heads and samples as there are, and no map yet."""
        if not (shape := shape_of(result.card)):
            return {**self.clear(), self.fold: gr.update(visible=False)}
        layers, heads = shape
        count = len(tokens_of(result))
        return {
            **self.clear(),
            self.fold: gr.update(visible=True),
            self.sample: gr.update(maximum=max(count, 2), value=1, visible=count > 1),
            self.layer: gr.update(maximum=layers, value=1),
            self.head: gr.update(maximum=heads, value=1),
            self.go: gr.update(visible=True),
        }

    @polite
    def overview(self, result: Result | None, sample: float, visitor: gr.Request) -> Any:
        """All heads of the chosen text, and the most telling one large."""
        if result is None or not shape_of(result.card):
            return gr.skip()
        say, found = self.context.translator(visitor), self._read(result, sample, None, visitor)
        return {
            self.sheet: sheet(found.maps, found.telling, say),
            self.view: drawn(found, self._place(result, sample), say),
            self.choosers: gr.update(visible=True),
            self.layer: found.layer + 1,
            self.head: found.head + 1,
            self.go: gr.update(visible=False),
        }

    @polite
    def draw(
        self, result: Result | None, sample: float, layer: float, head: float, visitor: gr.Request
    ) -> Any:
        """The heat map of the chosen text, layer and head, counted from 1 on the page."""
        if result is None or not shape_of(result.card):
            return gr.skip()
        found = self._read(result, sample, (max(0, int(layer) - 1), max(0, int(head) - 1)), visitor)
        return drawn(found, self._place(result, sample), self.context.translator(visitor))

    @polite
    def pick(self, result: Result | None, sample: float, event: gr.EventData, visitor: gr.Request) -> Any:
        """A small map was pressed."""
        layer, head = max(0, index_of(event, "layer")) + 1, max(0, index_of(event, "head")) + 1
        drawing = self.draw(result, sample, layer, head, visitor)
        return gr.skip() if result is None else (drawing, layer, head)

    def _read(
        self, result: Result, sample: float, chosen: tuple[int, int] | None, visitor: gr.Request
    ) -> Attention:
        stop = self.context.begin(visitor, self.name)
        return read_attention(result, self._place(result, sample), chosen, self.context.cache, stop)

    @staticmethod
    def _place(result: Result, sample: float) -> int:
        """The chosen text, counted from 0."""
        return max(0, min(int(sample), len(tokens_of(result))) - 1)
