"""The HTTP API of drawing from words and of enlarging: /draw and /upscale."""

from collections import deque

import gradio as gr

from aigc_demo import actions
from aigc_demo.schemas import DrawRequest, UpscaleRequest
from aigc_demo.ui.api.endpoints import endpoint, file_data, written
from aigc_demo.ui.api.text import bilingual
from aigc_demo.ui.page.context import Context


def add_endpoints(context: Context) -> None:
    """Add both; each answers when its pictures are there, with the labelled files."""

    def draw(request: DrawRequest) -> dict:
        result = deque(actions.draw(request, context.cache), maxlen=1).pop()
        paths = actions.write_drawings(result, context.folder(), marking=context.marking())
        used = ("width", "height", "num_inference_steps", "guidance_scale")
        return {
            "files": [file_data(path) for path in paths],
            "seeds": result.seeds,
            "note": bilingual(result.note),
            **{name: getattr(result.request, name) for name in used},
        }

    def upscale(request: UpscaleRequest) -> dict:
        result = actions.upscale(request, context.cache)
        return {"file": written(context, actions.write_upscaled, result), "scale": result.scale}

    for name, kind, verb in (("draw", DrawRequest, draw), ("upscale", UpscaleRequest, upscale)):
        gr.api(
            endpoint(name, kind, verb), api_name=name, api_description=kind.__doc__, concurrency_id="device"
        )
