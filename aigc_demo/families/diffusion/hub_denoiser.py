"""Pictures of classes, or of none, by a pretrained diffusion model; its noise is the latent space that one walks in."""

from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.families.diffusion.loading import denoiser, networks, pipeline, place, schedule_of
from aigc_demo.families.diffusion.sampling import ddim, guided
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.placement import Placement
from aigc_demo.models.protocols import Sampling
from aigc_demo.pretrained.classes import ALL
from aigc_demo.pretrained.interrupt import interruptible
from aigc_demo.pretrained.noise_latents import Settled

CHUNK = 16  # pictures at once on an accelerator, always as many, so that each is the same however many are asked for


class Denoiser:
    """A U-Net on pixels (DDPM), or a Transformer on an autoencoder's latents with classes (DiT).

    `latent_dim` is the size of the noise that a picture begins as.
    """

    def __init__(self, card: ModelCard, placement: Placement) -> None:
        self.id, self.own = card.id, card.defaults
        self.pipe = pipeline(card.folder, placement.dtype)
        self.network, self.vae = denoiser(self.pipe), self.pipe.components.get("vae")
        self.classes = card.classes or _numbered(self.network)
        self.schedule = schedule_of(self.pipe.scheduler)
        size = self.network.config.sample_size
        height, width = (size, size) if isinstance(size, int) else size
        channels = self.network.config.in_channels
        self.noise_shape = (channels, height, width)
        self.latent_dim = prod(self.noise_shape)
        scale = 1 if self.vae is None else 2 ** (len(self.vae.config.block_out_channels) - 1)
        self.image_shape = (channels if self.vae is None else 3, height * scale, width * scale)
        self.device = placement.device
        self.chunk = 1 if placement.device == "cpu" else CHUNK
        self._stop = Sampling().stop
        interruptible(networks(self.pipe), self._check)
        place(self.pipe, placement)

    def sampled(self, sampling: Sampling) -> "Sampled":
        """The model as a LatentModel that takes so many steps; zeros mean what it is made for.

        An InputError for more steps than it was trained on.
        """
        call = signature(type(self.pipe).__call__).parameters
        steps = sampling.num_inference_steps or self.own.get("num_inference_steps", 50)
        if steps > len(self.schedule.alpha_bars):
            raise InputError(
                en=f"{self.id} was trained on {len(self.schedule.alpha_bars)} steps; ask for no more than that.",
                zh=f"{self.id} 训练时共 {len(self.schedule.alpha_bars)} 步；采样步数不能更多。",
            )
        guidance = sampling.guidance_scale
        if guidance < 0:
            own = call["guidance_scale"].default if "guidance_scale" in call else 1.0
            guidance = float(self.own.get("guidance_scale", own))
        return Sampled(self, Sampling(steps, guidance, sampling.stop, sampling.progress))

    @torch.inference_mode()
    def decode(self, z: Tensor, class_weights: Tensor, sampling: Sampling) -> Tensor:
        """Pictures (N, C, H, W) in [-1, 1] that noise (N, latent_dim) becomes, of class mixtures (N, K)."""
        self._stop = sampling.stop
        total, pictures = -(-len(z) // self.chunk), []
        for index in range(total):
            part = slice(index * self.chunk, (index + 1) * self.chunk)
            noise, weights = _padded(z[part], self.chunk), _padded(class_weights[part], self.chunk)

            def told(step: int, index: int = index) -> None:
                self._check()
                sampling.progress((index + step / sampling.num_inference_steps) / total)

            x = noise.unflatten(1, self.noise_shape).to(self.device, torch.float32)
            with self._output(weights, sampling.guidance_scale) as output:
                x = ddim(output, x, self.schedule, sampling.num_inference_steps, told)
            pictures.append(self._from_latents(x)[: len(z[part])])
        return torch.cat(pictures)

    @contextmanager
    def _output(self, weights: Tensor, guidance: float) -> Iterator[Any]:
        """The network as a function of x_t and t; guided towards classes where it knows any."""
        dtype, channels = self.network.dtype, self.noise_shape[0]

        def run(x: Tensor, step: int, **conditions: Tensor) -> Tensor:
            times = torch.full((len(x),), step, device=x.device)
            found = self.network(x.to(dtype), timestep=times, **conditions).sample
            return found[
                :, :channels
            ].float()  # a variance, where there is one, comes after: DDIM has no use for it

        if self.vae is None:
            yield run
            return
        rows = _class_rows(weights, self.network.config.num_embeds_ada_norm)
        conditional, free = rows.to(self.device, dtype).chunk(2)
        both = torch.cat([conditional, free]) if guidance > 1 else conditional

        def guide(x: Tensor, step: int) -> Tensor:
            # the mixtures stand in for them
            labels = torch.zeros(len(both), dtype=torch.long, device=x.device)
            if guidance <= 1:
                return run(x, step, class_labels=labels)
            return guided(*run(torch.cat([x, x]), step, class_labels=labels).chunk(2), guidance)

        with mixed_classes(self.network, both):
            yield guide

    def _from_latents(self, x: Tensor) -> Tensor:
        if self.vae is not None:
            x = self.vae.decode(x.to(self.vae.dtype) / self.vae.config.scaling_factor).sample
        return x.float().clamp(-1, 1).cpu()

    def _check(self) -> None:
        if self._stop():
            raise Stopped


class Sampled(Settled[Denoiser]):
    """A denoiser with its steps and guidance settled."""

    def decode(self, z: Tensor, class_weights: Tensor, truncation_psi: float = 1.0) -> Tensor:
        """Pictures (N, C, H, W) in [-1, 1] of noise (N, latent_dim) and class weights (N, K); psi is in the noise."""
        return self.model.decode(z, class_weights, self.sampling)


@contextmanager
def mixed_classes(network: nn.Module, rows: Tensor) -> Iterator[None]:
    """Have every label embedding of a Transformer give `rows` (N, K + 1) @ its table, whatever labels it is asked for.

    So a sample may lie between classes; a one-hot row is the class itself, the last column stands for none.
    """
    from diffusers.models.embeddings import LabelEmbedding

    hooks = [
        module.register_forward_hook(lambda found, *_: rows @ found.embedding_table.weight)
        for module in network.modules()
        if isinstance(module, LabelEmbedding)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _numbered(network: Any) -> dict[str, list[str]]:
    """Classes by their numbers, for a model that names none; "all" where it knows of no classes."""
    count = network.config.get("num_embeds_ada_norm")
    names = [str(i) for i in range(count or 0)]
    return {"en": names, "zh": names} if names else ALL


def _class_rows(weights: Tensor, classes: int) -> Tensor:
    """Mixtures (N, K) as rows over all of a model's classes and none; under them as many rows of none; (2 N, classes + 1)."""
    rows = torch.zeros(2 * len(weights), classes + 1)
    rows[: len(weights), : weights.shape[1]] = weights
    rows[len(weights) :, -1] = 1
    return rows


def _padded(rows: Tensor, count: int) -> Tensor:
    """`rows` with the last one repeated up to `count`."""
    return torch.cat([rows, rows[-1:].expand(count - len(rows), -1)])
