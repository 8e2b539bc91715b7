"""The loss of a pretrained denoiser, asked as its own pipeline asks it: a U-Net at a step, a flow at a share of noise."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.families.diffusion.loading import schedule_of
from aigc_demo.families.diffusion.losses import add_noise, denoising_loss, flow_loss, interpolate

Conditions = Sequence[Mapping[str, Tensor]]


class Objective(Protocol):
    """What a denoiser is trained by. `targets` are the modules that an adapter sits beside."""

    targets: Sequence[str]

    def times(self, uniform: Tensor) -> Tensor:
        """How noisy, from numbers (N,) drawn uniformly from [0, 1)."""
        ...

    def loss(
        self, network: Any, clean: Tensor, noise: Tensor, times: Tensor, conditions: Conditions
    ) -> Tensor:
        """The loss (N,) for latents and noise (N, C, h, w)."""
        ...


class StepObjective:
    """A U-Net that is told the step t and asked for the noise or for v: Stable Diffusion 1, 2 and XL."""

    targets = ("to_q", "to_k", "to_v", "to_out.0")

    def __init__(self, pipe: Any) -> None:
        self.schedule = schedule_of(pipe.scheduler)
        self.factor = pipe.vae_scale_factor

    def times(self, uniform: Tensor) -> Tensor:
        """Every step alike."""
        return (uniform * len(self.schedule.alpha_bars)).long()

    def loss(
        self, network: Any, clean: Tensor, noise: Tensor, times: Tensor, conditions: Conditions
    ) -> Tensor:
        """losses.denoising_loss of the network's answer to the noisy latents."""
        alpha_bar = self.schedule.alpha_bars[times.cpu()].to(clean)
        noisy = add_noise(clean, noise, alpha_bar).to(network.dtype)
        embeds = torch.cat([row["prompt_embeds"] for row in conditions])
        output = network(
            noisy, times.to(clean.device), embeds, added_cond_kwargs=self._added(conditions, clean)
        ).sample
        return denoising_loss(output, clean, noise, alpha_bar, self.schedule.prediction)

    def _added(self, conditions: Conditions, clean: Tensor) -> dict[str, Tensor] | None:
        """What XL is told besides: the pooled sentence, and the picture's size, uncut (Podell et al. 2023, section 2.2)."""
        if "pooled_prompt_embeds" not in conditions[0]:
            return None
        pooled = torch.cat([row["pooled_prompt_embeds"] for row in conditions])
        height, width = (side * self.factor for side in clean.shape[2:])
        sizes = torch.tensor([[height, width, 0, 0, height, width]] * len(clean))
        return {"text_embeds": pooled, "time_ids": sizes.to(pooled)}


class FlowObjective:
    """Z-Image's Transformer, told 1 - σ and asked for the way from noise to picture, $x_0 - \\varepsilon$."""

    targets = ("to_q", "to_k", "to_v", "to_out.0")

    def __init__(self, pipe: Any) -> None:
        pass

    def times(self, uniform: Tensor) -> Tensor:
        r"""$\sigma = 1 / (1 + e^{-n})$ with $n \sim \mathcal N(0, 1)$: the middle of the way, where it is hardest, most often.

        (Esser et al. 2024, section 3.1.)
        """
        middle = uniform.clamp(1e-4, 1 - 1e-4)
        return torch.sigmoid(torch.special.ndtri(middle))

    def loss(
        self, network: Any, clean: Tensor, noise: Tensor, times: Tensor, conditions: Conditions
    ) -> Tensor:
        """losses.flow_loss of the network's answer, turned round."""
        sigma = times.to(clean)
        noisy = interpolate(clean, noise, sigma).to(network.dtype)
        rows = [row.unsqueeze(1) for row in noisy]  # it takes films; a picture is one frame long
        sentences = [row["prompt_embeds"] for row in conditions]
        output = network(rows, 1 - sigma, sentences, return_dict=False)[0]
        return flow_loss(-torch.stack([row.float() for row in output]).squeeze(2), clean, noise)


OBJECTIVES: Mapping[str, type] = {
    "StableDiffusionPipeline": StepObjective,
    "StableDiffusionXLPipeline": StepObjective,
    "ZImagePipeline": FlowObjective,
}


def objective_of(pipe: Any) -> Objective:
    """The objective of a pipeline's class; an InputError where adapters for it are not trained here."""
    name = type(pipe).__name__
    if name not in OBJECTIVES:
        raise InputError(
            en=f"Adapters are not trained for {name}; start from one of {', '.join(OBJECTIVES)}.",
            zh=f"暂不支持为 {name} 训练适配器；请从 {'、'.join(OBJECTIVES)} 中选择起点。",
        )
    return OBJECTIVES[name](pipe)
