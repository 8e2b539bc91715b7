"""What is looked at while an adapter trains: the same pictures, noise, times and seeds each time."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.families.diffusion import load_pretrained
from aigc_demo.families.diffusion.loading import denoiser
from aigc_demo.families.diffusion.lora_data import Captioned, Encoded, to_images
from aigc_demo.families.diffusion.objective import Objective
from aigc_demo.metrics.least import LEAST, enough
from aigc_demo.metrics.pictures import memorised_share, nearest_ratio
from aigc_demo.models.latents import picture_seed
from aigc_demo.models.pixels import to_float
from aigc_demo.models.placement import Placement
from aigc_demo.schemas import DrawRequest
from aigc_demo.training import TrainPlan

LOOKED_AT, TIMES = LEAST, 4  # pictures of each part, and times at each
SAMPLES, STEPS = 2, 12  # pictures that are drawn, and steps at most for one
THUMB = 32  # side at which pictures are compared


def load_drawer(plan: TrainPlan, device: str, dtype: str = "float32") -> Any:
    """The plan's base, as the app itself loads it, or in 4 bits; an InputError where it is no text-to-image model."""
    if plan.base.kind != "text_to_image":
        raise InputError(
            en=f"{plan.base.id} draws no sentences; choose a text-to-image model.",
            zh=f"{plan.base.id} 不能按文字画图；请选择文生图模型。",
        )
    return load_pretrained(plan.base, Placement(device, dtype, load_in_4bit=plan.load_in_4bit))


def side_of(plan: TrainPlan, drawer: Any) -> int:
    """Side in pixels of what is learned and drawn: as asked, or what the base is made for; its step divides it."""
    step = drawer.manners.size_step
    side = plan.resolution or drawer.manners.side
    if side % step:
        raise InputError(
            en=f"A resolution of {side} is none for this model; take a multiple of {step}.",
            zh=f"该模型不支持 {side} 的分辨率；请取 {step} 的倍数。",
        )
    return side


class LoraValidation:
    """Figures and samples of a drawer on captioned pictures, as it is at the moment of asking."""

    def __init__(
        self,
        plan: TrainPlan,
        drawer: Any,
        objective: Objective,
        parts: tuple[Captioned, Captioned],
        pictures: Encoded,
        conditions: dict[str, dict[str, Tensor]],
    ) -> None:
        """`conditions` are those of all captions so far; what the samples want is added."""
        self.plan, self.drawer, self.objective, self.side = plan, drawer, objective, side_of(plan, drawer)
        train, held_out = parts
        self.pictures = {
            "train_loss": pictures,
            "held_out_loss": Encoded(held_out, drawer, self.side, conditions),
        }
        prompts = list(dict.fromkeys(held_out.captions + train.captions))
        self.prompts = [prompts[place % len(prompts)] for place in range(SAMPLES)]
        self.conditions = [conditions[prompt] for prompt in self.prompts]
        self.thumbnails = shrink(to_images(train.pictures, self.side))
        self.drawn: Tensor | None = None

    def changed(self) -> None:
        """The denoiser has taken a step: what it drew before is no longer what it draws."""
        self.drawn = None

    @torch.no_grad()
    def losses(self) -> dict[str, float]:
        """The objective on training and on held-out pictures, at the same noise and the same times as ever.

        Not of fewer pictures than it takes to tell.
        """
        found = {}
        for name, part in self.pictures.items():
            if enough(part):
                generator = torch.Generator().manual_seed(0)
                losses = [self._loss(part, place, generator) for place in range(LOOKED_AT)]
                found[name] = sum(losses) / LOOKED_AT
        return found

    def _loss(self, part: Encoded, place: int, generator: torch.Generator) -> float:
        latents, conditions = part.pick([place] * TIMES)
        noise = torch.randn(latents.shape, generator=generator).to(latents)
        times = self.objective.times((torch.arange(TIMES) + 0.5) / TIMES).to(latents.device)
        network = denoiser(self.drawer.pipe)
        return self.objective.loss(network, latents, noise, times, conditions).mean().item()

    def figures(self) -> dict[str, float]:
        """The losses, and how near the samples lie to training pictures (metrics.nearest_ratio)."""
        if not enough(self.thumbnails):
            return self.losses()
        return {**self.losses(), "nearest_ratio": nearest_ratio(self._samples(), self.thumbnails)}

    def copies(self) -> dict[str, float]:
        """The share of the samples that are copies of training pictures."""
        if not enough(self.thumbnails):
            return {}
        return {"memorised": memorised_share(self._samples(), self.thumbnails)}

    def _samples(self) -> Tensor:
        return shrink(to_float(self.draw()))

    def draw(self) -> Tensor:
        """Pictures (SAMPLES, H, W, 3) uint8 of the prompts, each from a seed of its own."""
        if self.drawn is None:
            self.drawn = torch.stack([self._draw_one(place) for place in range(SAMPLES)])
        return self.drawn

    def _draw_one(self, place: int) -> Tensor:
        asked = DrawRequest(
            model=self.plan.base.id, prompt=self.prompts[place], width=self.side, height=self.side
        )
        filled = self.drawer.fill(asked, None)
        few = {"num_inference_steps": min(filled.num_inference_steps, STEPS)}
        generator = torch.Generator().manual_seed(picture_seed(self.plan.seed, place))
        noise = self.drawer.noise(generator, self.side, self.side)
        asked = filled.model_copy(update=few)
        return self.drawer.draw(asked, self.conditions[place], [generator], noise)[0].picture


def shrink(images: Tensor) -> Tensor:
    """Images (N, 3, H, W) at THUMB pixels a side at most."""
    return F.adaptive_avg_pool2d(images, min(images.shape[2], THUMB))
