"""A walk between two sentences: what a text-to-image model draws in between."""

from typing import Any

import numpy as np

from aigc_demo.actions.base import put_adapter
from aigc_demo.actions.film import WalkResult, film, path_lengths
from aigc_demo.core.stopping import Progress, Stop
from aigc_demo.models.cards import ModelCard
from aigc_demo.schemas import DrawRequest, WalkRequest


def between_prompts(
    request: WalkRequest, card: ModelCard, model: Any, stop: Stop, progress: Progress
) -> WalkResult:
    """Frames from prompt A with noise A to prompt B with noise B, drawn by a lent text-to-image model.

    What the text encoder says goes straight from A to B, the noise as `interpolation` asks. The first frame is the
    drawing of A. All else that is random is the same in every frame, so that nothing jumps.
    """
    import torch

    from aigc_demo.models import latents

    put_adapter(model, None, 0.0)
    steps, guidance = request.num_inference_steps, request.guidance_scale
    asked = DrawRequest(model=card.id, num_inference_steps=steps, guidance_scale=guidance)
    asked = model.fill(asked, None)
    noise, generators = [], []
    for seed in (request.from_seed, request.to_seed):
        generators.append(torch.Generator().manual_seed(seed))
        noise.append(model.noise(generators[-1], asked.width, asked.height))
    a, b = (model.conditions(text, stop=stop) for text in (request.from_prompt, request.to_prompt))
    flat = [ends.flatten() for ends in noise]
    z, times = latents.path(*flat, request.frames, request.interpolation)
    frames = []
    for index, time in enumerate(times.tolist()):

        def on_step(step: int, steps: int, _: Any, index: int = index) -> None:
            progress((index + step / steps) / request.frames)

        generator = torch.Generator()
        generator.set_state(generators[0].get_state())
        start = z[index].view_as(noise[0])
        conditions = model.between(a, b, time)
        picture, _ = model.draw(asked, conditions, generator, start, stop=stop, on_step=on_step)
        frames.append(picture.numpy())
    settings = {name: getattr(asked, name) for name in ("num_inference_steps", "guidance_scale")}
    request = request.model_copy(update=settings)
    lengths = path_lengths(*flat, request)
    return WalkResult(request, card, *film(np.stack(frames), times.tolist(), request), lengths)
