"""How a text that was written by rules came about: which rule filled which slot."""

from typing import Any

from aigc_demo.actions.text import TextResult
from aigc_demo.core.stopping import Stop, never
from aigc_demo.models.derivation import Branch, DerivingModel
from aigc_demo.runtime.cache import ModelCache


def derivation(result: TextResult, sample: int, cache: ModelCache, stop: Stop = never) -> Branch | None:
    """The tree of one sample's rules; None where its model writes by none."""
    asked = result.request

    def work(model: Any) -> Branch | None:
        if not isinstance(model, DerivingModel):
            return None
        return model.derivation(asked.prompt, asked.seed + sample, asked.temperature, asked.continue_from)

    return cache.run(result.card, work, stop)
