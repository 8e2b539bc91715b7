"""Where in a picture each word of its sentence was looked at, by a model that shows it; and what each code was worth."""

import math
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
    """The W words that were read, and a map of each, (W, h, w) float32 in [0, 1]; `odds` of a model that writes codes."""

    words: list[str]
    maps: np.ndarray
    odds: CodeOdds | None = None


@on_gpu()
def word_maps(request: DrawRequest, cache: ModelCache, stop: Stop = never) -> WordMaps | None:
    """The maps of the first picture of a request; None of a model that has none, or of a picture begun from another.

    The picture is drawn once more, with its attention kept.
    """
    card = registry.find_card(request.model, cache.settings, "draw")
    if request.image or card.kind:
        return None

    def work(model: Any) -> WordMaps | None:
        import torch

        from aigc_demo.models.latents import picture_seed

        if not isinstance(model, WordWatcher):
            return None
        filled = model.fill(request, None)
        conditions = model.conditions(request.prompt, request.negative_prompt, stop)
        generator = torch.Generator().manual_seed(picture_seed(request.seed, 0))
        if isinstance(model, CodeWriter):
            odds = model.code_odds(filled, conditions, generator)
            side = math.isqrt(len(odds.looked))
            return WordMaps(odds.words, odds.looked.T.reshape(-1, side, side).numpy(), odds)
        words, maps = model.watch(filled, conditions, generator)
        return WordMaps(words, maps.float().cpu().numpy()) if words else None

    return cache.run(card, work, stop)
