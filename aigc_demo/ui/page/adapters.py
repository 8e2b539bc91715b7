"""The adapters (LoRA) of the chosen model, and how much of one is added. Models without adapters show neither."""

from typing import Any

import gradio as gr

from aigc_demo.runtime.registry import adapters_for
from aigc_demo.schemas import Request
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.widgets import field


class AdapterFields:
    """A pick list and a slider, for requests with `adapter` and `adapter_weight`; `fields` are they by request field."""

    def __init__(self, context: Context, task: str, request_type: type[Request], model: str | None) -> None:
        self.context = context
        found = adapters_for(model, context.settings) if model else []
        choices = [(context.words("adapter.none"), "")]
        choices += [(context.words.both(card.title.en, card.title.zh), card.id) for card in found]
        self.adapter = gr.Dropdown(
            choices,
            value="",
            label=context.words(f"{task}.adapter"),
            visible=bool(found),
            elem_id=f"{task}-adapter",
            filterable=False,
        )
        self.weight = field(context, task, request_type, "adapter_weight", visible=bool(found))
        self.fields = {"adapter": self.adapter, "adapter_weight": self.weight}

    def for_model(self, model: str, lang: str, chosen: str = "") -> dict[Any, Any]:
        """Updates for another model: its adapters, of which `chosen` is chosen if it is still there."""
        found = adapters_for(model, self.context.settings)
        choices = [(self.context.words.say("adapter.none", lang), "")]
        choices += [(card.title.say(lang), card.id) for card in found]
        value = chosen if chosen in [card.id for card in found] else ""
        return {
            self.adapter: gr.update(choices=choices, value=value, visible=bool(found)),
            self.weight: gr.update(visible=bool(found)),
        }
