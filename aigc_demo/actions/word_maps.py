"""Where in a picture each word of its sentence was looked at, by a model that shows it; and what each code was worth."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from aigc_demo.core.stopping import Stop, never
from aigc_demo.models.protocols import CodeOdds, CodeWriter, WordWatcher
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.zero_gpu import on_gpu
from aigc_demo.schemas import DrawRequest


@dataclass(frozen=True)
class WordMaps:
    """The W words that were read, and a map of each, (W, h, w) float32 in [0, 1]; `coded`: the picture is one of codes."""

    words: list[str]
    maps: np.ndarray
    coded: bool = False


@on_gpu()
def word_maps(request: DrawRequest, cache: ModelCache, stop: Stop = never) -> WordMaps | None:
    """The maps of the first picture of a request; None of a model that has none, or of a picture begun from another.

    The picture is drawn once more, with its attention kept.
    """

    def look(model: Any, *drawn: Any) -> WordMaps | None:
        if not isinstance(model, WordWatcher):
            return None
        words, maps = model.watch(*drawn)
        return WordMaps(words, maps.float().cpu().numpy(), isinstance(model, CodeWriter)) if words else None

    return _of_first(request, cache, stop, look)


@on_gpu()
def code_odds(request: DrawRequest, cache: ModelCache, stop: Stop = never) -> CodeOdds | None:
    """What each code of the first picture of a request was worth; None of a model that writes none."""

    def look(model: Any, *drawn: Any) -> CodeOdds | None:
        return model.code_odds(*drawn) if isinstance(model, CodeWriter) else None

    return _of_first(request, cache, stop, look)


def _of_first(request: DrawRequest, cache: ModelCache, stop: Stop, look: Callable[..., Any]) -> Any:
    """`look` at the filled request, its conditions and its first picture's generator; None for what began from a picture."""
    card = registry.find_card(request.model, cache.settings, "draw")
    if request.image or card.kind:
        return None

    def work(model: Any) -> Any:
        import torch

        from aigc_demo.models.latents import picture_seed

        filled = model.fill(request, None)
        conditions = model.conditions(request.prompt, request.negative_prompt, stop)
        generator = torch.Generator().manual_seed(picture_seed(request.seed, 0))
        return look(model, filled, conditions, generator)

    return cache.run(card, work, stop)
