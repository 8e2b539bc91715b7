"""A picture of each of many sentences, by a model of the protocol TextToImageModel."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from aigc_demo.models.latents import picture_seed
from aigc_demo.schemas import DrawRequest


def draw_each(model: Any, captions: Sequence[str], seed: int) -> Tensor:
    """Pictures uint8 (N, 3, S, S) of N captions, by the model's own steps and guidance.

    The protocol draws pictures of one sentence together. A family whose evaluate.py has `samples(model, captions, seed)`
    draws different sentences together, which is faster; else they come one by one.
    """
    samples = own_samples(model)
    if samples is not None:
        return samples(model, list(captions), seed)
    return torch.cat([draw(model, caption, 1, picture_seed(seed, i)) for i, caption in enumerate(captions)])


def own_samples(model: Any) -> Any:
    """The family's function that draws different sentences together; None where it has none."""
    package = type(model).__module__.rpartition(".")[0]
    try:
        return getattr(import_module(f"{package}.evaluate"), "samples", None)
    except ModuleNotFoundError:
        return None


def draw(model: Any, caption: str, count: int, seed: int) -> Tensor:
    """`count` pictures of one caption, uint8 (count, 3, S, S), as the page draws them with this seed."""
    request = model.fill(DrawRequest(prompt=caption, count=count, seed=seed), None)
    conditions = model.conditions(request.prompt, request.negative_prompt)
    seeds = [picture_seed(seed, i) for i in range(count)]
    pictures = []
    for start in range(0, count, model.at_once):
        generators = [torch.Generator().manual_seed(one) for one in seeds[start : start + model.at_once]]
        parts = [model.noise(generator, request.width, request.height) for generator in generators]
        noise = torch.cat(parts) if all(part is not None for part in parts) else None
        drawn = model.draw(request, conditions, generators, noise)
        pictures += [one.picture.movedim(2, 0) for one in drawn]
    return torch.stack(pictures)
