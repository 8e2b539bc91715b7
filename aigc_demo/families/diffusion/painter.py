"""A painter that was trained here, as the app uses it: pictures of a sentence, from noise, from a picture, inside a mask.

What it works on are the pixels themselves, so there is nothing to decode, and what it takes the finished picture for can
be looked at after every step.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.core.stopping import Stop, never
from aigc_demo.data.word_tokenizer import split
from aigc_demo.families.diffusion.export import GUIDANCE, STEPS, load_painter
from aigc_demo.families.diffusion.flow import Hold, Velocity, hold_nothing, noise_levels, solve
from aigc_demo.families.diffusion.losses import interpolate
from aigc_demo.families.diffusion.networks import Words
from aigc_demo.families.diffusion.sampling import guided
from aigc_demo.models.checkpoints import read_config
from aigc_demo.models.pixels import to_float, to_uint8
from aigc_demo.models.precision import fastest_dtype
from aigc_demo.models.protocols import Drawn, StepHook, no_hook
from aigc_demo.schemas import DrawRequest

if TYPE_CHECKING:
    from PIL import Image

AT_ONCE = 16


@dataclass(frozen=True)
class Conditions:
    """What a sentence says and what its opposite says (guidance leads from the second to the first), one row each."""

    said: Words
    unsaid: Words


class OwnPainter:
    """Network and words of a run folder, by the protocols TextToImageModel, WordReader and WordWatcher.

    ground: the plain colour behind every picture that it learned from, None where there was none.
    """

    at_once = AT_ONCE
    has_checker = False
    previewer = None

    def __init__(self, folder: Path, device: str) -> None:
        network, self.tokenizer = load_painter(folder)
        known = read_config(folder)
        self.name, self.device = folder.name, device
        self.dtype = getattr(torch, fastest_dtype(device))
        self.network = network.to(device, self.dtype, memory_format=torch.channels_last).eval()
        self.network.requires_grad_(False)
        self.side, self.length = network.config.side, network.config.length
        self.ground: tuple[int, ...] | None = known.get("ground") and tuple(known["ground"])
        self.steps = int(known.get("num_inference_steps", STEPS))
        self.guidance = float(known.get("guidance_scale", GUIDANCE))
        self.noise_levels: list[float] = []  # of the last drawing

    def fill(self, request: DrawRequest, picture: tuple[int, int] | None) -> DrawRequest:
        """The request with numbers for "the model's own"; an InputError where it asks for another size than it draws."""
        side = self.side
        if not {request.width, request.height} <= {0, side}:
            raise InputError(
                en=f"{self.name} draws {side} x {side} pixels; leave width and height at 0, and enlarge the picture afterwards.",
                zh=f"{self.name} 只画 {side} × {side} 像素；请将宽和高留为 0，再放大所得图片。",
            )
        values = {
            "width": side,
            "height": side,
            "num_inference_steps": request.num_inference_steps or self.steps,
            "guidance_scale": self.guidance if request.guidance_scale < 0 else request.guidance_scale,
        }
        return request.model_copy(update=values)

    def left_out(self, prompt: str) -> str:
        """The known words behind those that it has room for."""
        known = self.tokenizer.known(prompt)
        return " ".join(known[self.length :])

    def unknown(self, prompt: str) -> list[str]:
        """The words of a prompt that it has never learned, in their order."""
        return self.tokenizer.unknown(prompt)

    @torch.inference_mode()
    def conditions(self, prompt: str, negative: str = "", stop: Stop = never) -> Conditions:
        """The words of a prompt and of what it should not be; an empty one is what training left out."""
        return Conditions(self.read([prompt]), self.read([negative]))

    def between(self, a: Conditions, b: Conditions, t: float) -> Conditions:
        """Both sentences at once, the words of one counting 1 - t, those of the other t."""
        return Conditions(mixed(a.said, b.said, t), mixed(a.unsaid, b.unsaid, t))

    def noise(self, generator: torch.Generator, width: int, height: int) -> Tensor:
        """Noise to draw from, (1, 3, h, w) float32 from N(0, I): the same on every device."""
        return torch.randn(1, 3, height, width, generator=generator)

    @torch.inference_mode()
    def draw(
        self,
        request: DrawRequest,
        conditions: Conditions,
        generators: Sequence[torch.Generator],
        noise: Tensor | None = None,
        image: "Image.Image | None" = None,
        mask: "Image.Image | None" = None,
        stop: Stop = never,
        on_step: StepHook = no_hook,
    ) -> list[Drawn]:
        """A picture for each generator; see TextToImageModel.draw.

        From an image: on from $x_t = (1 - t) x_0 + t \\varepsilon$ at t = strength, in that share of the steps. Inside a mask:
        all else is put back after every step, with the noise of that moment, so that it ends as it was.
        """
        if noise is None:
            parts = [self.noise(generator, self.side, self.side) for generator in generators]
            noise = torch.cat(parts)
        noise = noise.to(self.device)
        strength = request.strength if image is not None else 1.0
        steps = max(round(request.num_inference_steps * strength), 1)
        levels = self.noise_levels = noise_levels(steps, strength)
        x, hold = noise, hold_nothing
        if image is not None:
            known = pixels(image, self.device).expand_as(noise)
            x = interpolate(known, noise, torch.full((len(noise),), strength, device=self.device))
            if mask is not None:
                hold = holding(known, noise, share(mask, self.device))

        def told(step: int, picture: Callable[[], Tensor]) -> None:
            if stop():
                raise Stopped
            on_step(step, steps, lambda: to_uint8(picture()))

        velocity = self._velocity(conditions, len(noise), request.guidance_scale)
        finished = to_uint8(solve(velocity, x, levels, hold, told))
        return [Drawn(picture) for picture in finished]

    @torch.inference_mode()
    def watch(
        self, request: DrawRequest, conditions: Conditions, generator: torch.Generator
    ) -> tuple[list[str], Tensor]:
        """The words that were read and where each was looked at, (W, h, w) in [0, 1], the mean of all attention to it."""
        words = self.tokenizer.known(request.prompt)[: self.length]
        noise = self.noise(generator, self.side, self.side).to(self.device)
        seen: list[Tensor] = []
        velocity = self._velocity(conditions, 1, request.guidance_scale, seen)
        solve(velocity, noise, noise_levels(request.num_inference_steps))
        size = max(part.shape[-1] for part in seen)
        enlarged = [F.interpolate(part[:1], size=(size, size), mode="nearest")[0] for part in seen]
        return words, torch.stack(enlarged).mean(0)[: len(words)].clamp(0, 1)

    def read(self, prompts: Sequence[str]) -> Words:
        """Prompts as the network reads them, a row each."""
        count = min(max(len(split(prompt)) for prompt in [*prompts, "x"]), self.length)
        ids = torch.tensor([self.tokenizer.encode(prompt, count) for prompt in prompts], device=self.device)
        return self.network.text(ids[:, : int((ids != 0).sum(1).max())])

    def velocity(self, words: Words, guidance: float, seen: list[Tensor] | None = None) -> Velocity:
        """The direction at as many pictures as `words` has rows, where guidance is 1; else of its first half.

        The second half is then what guidance leads away from. `seen`: see Painter.forward.
        """
        alone = guidance == 1

        def direction(x: Tensor, t: float) -> Tensor:
            rows = x if alone else torch.cat([x, x])
            times = torch.full((len(rows),), t, device=self.device)
            output = self.network(rows.to(self.dtype), times, words, seen).float()
            return output if alone else guided(*output.chunk(2), guidance)

        return direction

    def _velocity(
        self, conditions: Conditions, count: int, guidance: float, seen: list[Tensor] | None = None
    ) -> Velocity:
        """The direction at `count` pictures of one sentence: as it says where guidance is 1, else away from its opposite."""
        words = conditions.said if guidance == 1 else stacked(conditions.said, conditions.unsaid)
        return self.velocity(repeated(words, count), guidance, seen)


def pixels(image: "Image.Image", device: str) -> Tensor:
    """A picture in RGB as (1, 3, h, w) in [-1, 1]."""
    import numpy as np

    return to_float(torch.from_numpy(np.array(image))[None]).to(device)


def share(mask: "Image.Image", device: str) -> Tensor:
    """A mask as (1, 1, h, w) in [0, 1], 1 where it is to be drawn anew."""
    import numpy as np

    return torch.from_numpy(np.array(mask)).float()[None, None].to(device) / 255


def holding(known: Tensor, noise: Tensor, anew: Tensor) -> Hold:
    r"""What puts the known pixels back at a share of noise t: $m\,x + (1 - m)\,((1 - t)\,x_0 + t\,\varepsilon)$."""
    return lambda x, t: anew * x + (1 - anew) * ((1 - t) * known + t * noise)


def mixed(a: Words, b: Words, t: float) -> Words:
    """The words of both, those of a counting 1 - t, those of b t; of one alone at either end."""
    if t <= 0 or t >= 1:
        return a if t <= 0 else b
    tokens = torch.cat([a.tokens, b.tokens], 1)
    weights = torch.cat([(1 - t) * a.weights, t * b.weights], 1)
    return Words(tokens, weights, torch.lerp(a.mean, b.mean, t))


def stacked(a: Words, b: Words) -> Words:
    """Two sentences as rows of one batch, the shorter filled up with words that do not count."""
    length = max(a.tokens.shape[1], b.tokens.shape[1])

    def filled(words: Words) -> tuple[Tensor, Tensor]:
        gap = length - words.tokens.shape[1]
        return F.pad(words.tokens, (0, 0, 0, gap)), F.pad(words.weights, (0, gap))

    tokens, weights = (torch.cat(pair) for pair in zip(filled(a), filled(b), strict=True))
    return Words(tokens, weights, torch.cat([a.mean, b.mean]))


def repeated(words: Words, count: int) -> Words:
    """Each row `count` times on end."""
    parts = (words.tokens, words.weights, words.mean)
    return Words(*(part.repeat_interleave(count, 0) for part in parts))
