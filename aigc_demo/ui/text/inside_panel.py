"""Look inside a text by a model that has no attention: what it has counted, or what its gates let through."""

from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from aigc_demo.actions import TextResult
from aigc_demo.core.stopping import Stop
from aigc_demo.models.family import runs_here
from aigc_demo.models.protocols import BackOffModel, GatedModel, Rung
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.zero_gpu import on_gpu
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE, index_of
from aigc_demo.ui.page.language import Say
from aigc_demo.ui.text.attention import prompt_ids, shape_of
from aigc_demo.ui.text.derivation_panel import derives
from aigc_demo.ui.text.inside_view import gates_html, path_html

NAMES = ("forget", "input", "output", "memory")


@dataclass(frozen=True)
class Gates:
    """Of a text the labels of its tokens, and by name the gates and the memory (layers, T, units)."""

    labels: list[str]
    values: dict[str, np.ndarray]


@dataclass(frozen=True)
class Path:
    """How one token of a text came to its odds: context and count of each order, and an even part of what is left."""

    token: str
    rungs: list[tuple[list[str], Rung]]
    uniform: float


@on_gpu()
def look_inside(
    result: TextResult, sample: int, place: int, cache: ModelCache, stop: Stop
) -> Gates | Path | None:
    """What the model of a result shows of a text, or of the token at a place; None where it shows nothing."""
    card = registry.find_card(result.request.model, cache.settings, result.card.tasks[0])
    tokens = result.samples[sample].tokens
    with cache.use(card, stop) as model:
        ids = prompt_ids(result, model)
        if isinstance(model, GatedModel):
            labels, found = model.gates(ids + [token.id for token in tokens])
            return Gates(labels, {name: value.numpy() for name, value in found.items()})
        if isinstance(model, BackOffModel) and tokens:
            rungs = model.back_off(ids + [token.id for token in tokens[: place + 1]])
            uniform = rungs[-1][1].p - sum(rung.own for _, rung in rungs)
            return Path(tokens[place].text, rungs, max(0.0, uniform))
    return None


def shows(result: TextResult | None) -> bool:
    """Whether a result's model may show more than its odds, but no attention."""
    if result is None or derives(result.card):
        return False
    return runs_here(result.card.family) and shape_of(result.card) is None


class InsidePanel:
    """Components and handlers of the panel."""

    def __init__(self, context: Context, task: str) -> None:
        self.context, self.name = context, f"{task}-inside"
        words, name = context.words, self.name
        with gr.Accordion(words("inside.title"), open=False, visible=False, elem_id=name) as self.fold:
            with gr.Row(visible=False) as self.choosers:
                options = [(words(f"gates.{part}"), part) for part in NAMES]
                self.gate = gr.Radio(
                    options, value=NAMES[0], label=words("gates.which"), elem_id=f"{name}-gate"
                )
                self.layer = gr.Slider(
                    1, 2, 1, step=1, label=words("attention.layer"), min_width=140, elem_id=f"{name}-layer"
                )
            self.sample = gr.Slider(
                1, 2, 1, step=1, label=words("attention.sample"), visible=False, elem_id=f"{name}-sample"
            )
            self.view = gr.HTML("", elem_id=f"{name}-view")

    def connect(self, result: gr.State, text: gr.HTML) -> None:
        """Show what there is when the panel is opened, for another text, gate or layer, and for a token that is chosen in `text`."""
        shown = [self.view, self.choosers, self.layer]
        asked = [result, self.sample, self.gate, self.layer]
        opened = [self.fold.expand, self.sample.input, self.gate.input, self.layer.input]
        gr.on(opened, self.overview, asked, shown, **PRIVATE, trigger_mode="always_last")
        text.select(self.pick, result, self.view, **PRIVATE, trigger_mode="always_last")

    def outputs(self) -> list[Any]:
        """The components that `fit` updates."""
        return [self.fold, self.sample, self.view, self.choosers]

    def fit(self, result: TextResult) -> dict[Any, Any]:
        """Updates for a new text: nothing is looked at yet."""
        count = len(result.samples)
        return {
            self.fold: gr.update(visible=shows(result), open=False),
            self.sample: gr.update(maximum=max(count, 2), value=1, visible=count > 1),
            self.choosers: gr.update(visible=False),
            self.view: "",
        }

    @polite
    def overview(
        self, result: TextResult | None, sample: float, gate: str, layer: float, visitor: gr.Request
    ) -> Any:
        """The gates of a text; of counts, the path of its first token."""
        if result is None or not shows(result):
            return gr.skip()
        found = self._look(result, int(sample) - 1, 0, visitor)
        say = self.context.translator(visitor)
        if isinstance(found, Path):
            hint = f'<p class="note">{say("counts.choose")}</p>'
            return {self.view: hint + drawn(found, say), self.choosers: gr.update(visible=False)}
        if found is None:
            return {self.view: say("inside.nothing")}
        gate = gate if gate in found.values else NAMES[0]
        layers = len(found.values[gate])
        at = max(1, min(int(layer), layers))
        return {
            self.view: gates_html(found.labels, found.values[gate][at - 1], gate, say),
            self.choosers: gr.update(visible=True),
            self.layer: gr.update(maximum=max(layers, 2), value=at, visible=layers > 1),
        }

    @polite
    def pick(self, result: TextResult | None, event: gr.EventData, visitor: gr.Request) -> Any:
        """A token was chosen: of counts, its path."""
        if result is None or not shows(result):
            return gr.skip()
        found = self._look(result, index_of(event, "sample"), index_of(event, "token"), visitor)
        return drawn(found, self.context.translator(visitor)) if isinstance(found, Path) else gr.skip()

    def _look(self, result: TextResult, sample: int, place: int, visitor: gr.Request) -> Gates | Path | None:
        sample = max(0, min(sample, len(result.samples) - 1))
        place = max(0, min(place, len(result.samples[sample].tokens) - 1))
        return look_inside(result, sample, place, self.context.cache, self.context.begin(visitor, self.name))


def drawn(path: Path, say: Say) -> str:
    """The path of one token as a table."""
    return path_html(path.rungs, path.token, path.uniform, say)
