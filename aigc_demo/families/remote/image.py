"""A model behind an inference endpoint that draws: a sentence goes there, a picture comes back."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.core.stopping import Stop
from aigc_demo.families.remote import wire
from aigc_demo.families.remote.directory import ServedCard
from aigc_demo.models.protocols import Drawn, StepHook
from aigc_demo.schemas import DrawRequest

if TYPE_CHECKING:
    from PIL import Image

LARGEST_SIDE = 4096
Prompts = tuple[str, str]  # what is wanted, and what is not


class ServedDrawer:
    """Stands where a diffusion model of this machine does; each picture is one request, one step of one."""

    at_once = 1

    def __init__(self, card: ServedCard) -> None:
        self.server = card.server
        self.previewer = None
        self.has_checker: bool | None = None  # the server alone knows
        self.noise_levels: list[float] = []

    def fill(self, request: DrawRequest, picture: tuple[int, int] | None) -> DrawRequest:
        """The request as it is: what it leaves open, the server chooses."""
        return request

    def conditions(self, prompt: str, negative: str = "", stop: Any = None) -> Prompts:
        """The sentences themselves; the server encodes them."""
        return prompt, negative

    def left_out(self, prompt: str) -> str:
        """What of a prompt was not read: nothing that the server tells."""
        return ""

    def noise(self, generator: torch.Generator, width: int, height: int) -> None:
        """The server draws its own, from the seed."""

    def draw(
        self,
        request: DrawRequest,
        conditions: Prompts,
        generators: Sequence[torch.Generator],
        noise: None = None,
        image: Any = None,
        mask: Any = None,
        *,
        stop: Stop,
        on_step: StepHook,
    ) -> list[Drawn]:
        """The one picture of one generator's seed; Stopped as soon as `stop()` turns true."""
        (generator,) = generators
        on_step(0, 1, lambda: None)
        found = list(wire.patient(lambda: self._ask(request, conditions, generator.initial_seed()), stop))
        if not found:
            raise Stopped
        return [Drawn(torch.from_numpy(found[0]))]

    def _ask(self, request: DrawRequest, conditions: Prompts, seed: int) -> Iterator[np.ndarray]:
        from huggingface_hub import InferenceClient
        from PIL import UnidentifiedImageError

        prompt, negative = conditions
        client = InferenceClient(model=self.server, api_key=wire.key(), timeout=wire.timeouts())
        with closing(client):
            try:
                picture = client.text_to_image(
                    prompt,
                    negative_prompt=negative or None,
                    width=request.width or None,
                    height=request.height or None,
                    num_inference_steps=request.num_inference_steps or None,
                    guidance_scale=request.guidance_scale if request.guidance_scale >= 0 else None,
                    seed=seed,
                )
                yield pixels(picture)
            except UnidentifiedImageError as error:
                raise no_picture() from error


def pixels(picture: "Image.Image") -> np.ndarray:
    """A picture that a server sent as (H, W, 3) uint8; its size is looked at before it is decoded."""
    if max(picture.size) > LARGEST_SIDE:
        raise no_picture()
    return np.array(picture.convert("RGB"))


def no_picture() -> InputError:
    """The sentence for an answer that is no picture, or one beyond all measure."""
    return InputError(
        en=f"The image server sent no picture of up to {LARGEST_SIDE} pixels a side; its address in the app's settings may be wrong.",
        zh=f"图像服务器没有返回边长不超过 {LARGEST_SIDE} 像素的图片；应用设置中的地址可能有误。",
    )
