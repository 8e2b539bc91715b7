"""Steps and guidance of a diffusion model, in tabs whose other models know neither."""

from typing import Any

import gradio as gr

from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import families
from aigc_demo.schemas import Request
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.widgets import field, has_classes

NAMES = ("num_inference_steps", "guidance_scale")


def samples_in_steps(card: ModelCard) -> bool:
    """Whether a model makes its pictures in many steps, out of noise."""
    return card.family in families() and families()[card.family].sampled


class SamplerFields:
    """Both sliders, shown for diffusion models; `fields` are they by request field."""

    def __init__(self, context: Context, task: str, request_type: type[Request], card: ModelCard) -> None:
        self.defaults = {name: request_type.model_fields[name].default for name in NAMES}
        shown = self._shown(card)
        self.fields = {
            name: field(
                context,
                task,
                request_type,
                name,
                visible=shown[name],
                value=card.defaults.get(name, default),
            )
            for name, default in self.defaults.items()
        }

    def _shown(self, card: ModelCard) -> dict[str, bool]:
        """Guidance wants something to be guided by: a prompt, or one class of several."""
        steps = samples_in_steps(card)
        guided = steps and ("draw" in card.tasks or has_classes(card))
        return {"num_inference_steps": steps, "guidance_scale": guided}

    def for_model(self, card: ModelCard) -> dict[Any, Any]:
        """Updates for another model: shown or not, with what the model is made for."""
        return {
            self.fields[name]: gr.update(visible=shown, value=card.defaults.get(name, self.defaults[name]))
            for name, shown in self._shown(card).items()
        }
