"""What a request's zeros mean for one model, and what that model cannot do, said before anything is computed."""

import inspect
import math
from typing import Any

from aigc_demo.core.errors import InputError
from aigc_demo.families.diffusion.loading import denoiser
from aigc_demo.schemas import DrawRequest

WIDEST = 4.0  # width over height, at most; a longer picture is cut at its ends


class Manners:
    """How one text-to-image pipeline wants to be asked. `own` are request fields that the model's card sets.

    `size_step` divides a picture's sides; `guidance_offset` is what its guidance scale is called less than ours, where
    1 and below mean none.
    """

    def __init__(self, pipe: Any, own: dict[str, Any]) -> None:
        self.own = own
        name = type(pipe).__name__
        # their Transformers see squares of 2 x 2 latents
        patched = name in ("ZImagePipeline", "Flux2KleinPipeline")
        self.size_step = max(8, pipe.vae_scale_factor * (2 if patched else 1))
        self.guidance_offset = 1.0 if name == "ZImagePipeline" else 0.0
        self.signature = inspect.signature(type(pipe).__call__).parameters
        distilled = pipe.config.get("is_distilled", False)
        self.takes_negative = "negative_prompt_embeds" in self.signature and not distilled
        # from a picture, LCM takes all its steps, on a shorter way; FLUX.2 looks at the picture instead
        self.ignores_strength = name in ("LatentConsistencyModelPipeline", "Flux2KleinPipeline")
        if name == "ZImagePipeline":
            self.side = 1024
        elif name == "Flux2KleinPipeline":
            self.side = pipe.default_sample_size * pipe.vae_scale_factor
        else:
            size = denoiser(pipe).config.sample_size
            self.side = (size if isinstance(size, int) else max(size)) * pipe.vae_scale_factor

    def fill(self, request: DrawRequest, picture: tuple[int, int] | None) -> DrawRequest:
        """The request with numbers for "the model's own"; `picture` is the (width, height) of the one to start from.

        An InputError where the model cannot do it.
        """
        if request.negative_prompt.strip() and not self.takes_negative:
            raise InputError(
                en=f"{request.model} takes no negative prompt; leave it empty, and say in the prompt what to show.",
                zh=f"{request.model} 不支持反向提示词；请留空，并在提示词中写明要画的内容。",
            )
        width, height = self._size(request, picture)
        steps = request.num_inference_steps or self._default("num_inference_steps", 0)
        guidance = request.guidance_scale
        if guidance < 0:
            guidance = float(self._default("guidance_scale", self.guidance_offset))
        cut_short = picture and (request.mask or not self.ignores_strength)
        if cut_short and int(steps * request.strength) < 1:
            raise InputError(
                en=f"{steps} steps at strength {request.strength:g} leave none to draw; "
                f"ask for {math.ceil(1 / request.strength)} steps, or more strength.",
                zh=f"{steps} 步、重绘幅度 {request.strength:g} 时没有可画的步；"
                f"请设为 {math.ceil(1 / request.strength)} 步，或增大重绘幅度。",
            )
        values = {"width": width, "height": height, "num_inference_steps": steps, "guidance_scale": guidance}
        return request.model_copy(update=values)

    def guidance(self, scale: float) -> float:
        """The pipeline's own number for a guidance scale of ours."""
        return max(scale - self.guidance_offset, 0.0)

    def _default(self, name: str, offset: float) -> Any:
        """The card's word, else that of the pipeline, whose scale may be another."""
        return self.own[name] if name in self.own else self.signature[name].default + offset

    def _size(self, request: DrawRequest, picture: tuple[int, int] | None) -> tuple[int, int]:
        """Width and height: as asked; of the picture's shape, at the area that the model is made for; or the model's own."""
        asked = request.width, request.height
        own = self.own.get("width", self.side), self.own.get("height", self.side)
        if any(asked):
            width, height = (side or default for side, default in zip(asked, own, strict=True))
            self._check(width, height)
            return width, height
        if not picture:
            return own
        shape = min(max(picture[0] / picture[1], 1 / WIDEST), WIDEST)
        width, height = math.sqrt(own[0] * own[1] * shape), math.sqrt(own[0] * own[1] / shape)
        return self._near(width), self._near(height)

    def _near(self, side: float) -> int:
        """The nearest side that the model can draw."""
        return max(round(side / self.size_step), 1) * self.size_step

    def _check(self, width: int, height: int) -> None:
        step = self.size_step
        if width % step or height % step:
            near = self._near(width), self._near(height)
            raise InputError(
                en=f"{width} x {height} is no size for this model; sides are multiples of {step}, such as {near[0]} x {near[1]}.",
                zh=f"此模型不能画 {width} x {height}；边长须为 {step} 的倍数，例如 {near[0]} x {near[1]}。",
            )
