"""The autoencoders of Stable Diffusion, as a latent space to walk in: between two pictures, not between classes."""

from math import prod

import torch
from torch import Tensor

from aigc_demo.core.errors import Stopped
from aigc_demo.core.stopping import Progress
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.placement import Placement
from aigc_demo.models.protocols import Sampling
from aigc_demo.pretrained.classes import ALL
from aigc_demo.pretrained.inspect import read_class
from aigc_demo.pretrained.interrupt import interruptible
from aigc_demo.pretrained.loading import from_pretrained
from aigc_demo.pretrained.noise_latents import Settled
from aigc_demo.pretrained.refusal import refused

SIDE = 256  # pixels; these networks take pictures of any size, and larger ones cost more than they show
EXACT = -30.0  # log variance of an encoder that has no doubt
CHUNK = 8  # pictures at once on an accelerator


class HubAutoencoder:
    r"""AutoencoderKL (Rombach et al. 2022), or AutoencoderTiny, which was trained to imitate it.

    A latent (C, h, w) is flat here, and scaled as diffusion models want theirs, to a variance near 1:
    $z = s\,(\mu - m)$, with scale $s$ and shift $m$ from the checkpoint.
    """

    def __init__(self, card: ModelCard, placement: Placement) -> None:
        self.network = _load(card, placement)
        config = self.network.config
        self.tiny = type(self.network).__name__ == "AutoencoderTiny"
        widths = config.encoder_block_out_channels if self.tiny else config.block_out_channels
        self.factor = 2 ** (len(widths) - 1)
        side = SIDE if self.tiny else min(SIDE, config.sample_size)
        side -= side % self.factor
        self.scale = config.scaling_factor
        self.shift = config.get("shift_factor") or 0.0
        self.image_shape = (config.get("in_channels", 3), side, side)
        self.latent_shape = (config.latent_channels, side // self.factor, side // self.factor)
        self.latent_dim = prod(self.latent_shape)
        self.classes = ALL
        self.device = placement.device
        self.chunk = 1 if placement.device == "cpu" else CHUNK
        self._stop = Sampling().stop
        interruptible([self.network], self._check)

    def sampled(self, sampling: Sampling) -> "SampledAutoencoder":
        """The same, which hears of `sampling.stop`; there are no steps to settle."""
        self._stop = sampling.stop
        return SampledAutoencoder(self, sampling)

    @torch.inference_mode()
    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance (N, latent_dim) of the latents of pictures (N, 3, H, W) in [-1, 1]."""
        found = self.network.encode(images.to(self.device, self.network.dtype))
        if self.tiny:
            mean = found.latents.float()
            log_variance = torch.full_like(mean, EXACT)
        else:
            mean = (found.latent_dist.mean.float() - self.shift) * self.scale
            log_variance = found.latent_dist.logvar.float() + 2 * torch.tensor(self.scale).log()
        return mean.flatten(1).cpu(), log_variance.flatten(1).cpu()

    @torch.inference_mode()
    def decode(self, z: Tensor, progress: Progress) -> Tensor:
        """Pictures (N, 3, H, W) in [-1, 1] of latents (N, latent_dim); `progress` hears how much is done."""
        pictures = []
        for part in z.split(self.chunk):
            latents = part.unflatten(1, self.latent_shape).to(self.device, self.network.dtype)
            if not self.tiny:
                latents = latents / self.scale + self.shift
            pictures.append(self.network.decode(latents).sample.float().clamp(-1, 1).cpu())
            progress(min(len(pictures) * self.chunk / len(z), 1.0))
        return torch.cat(pictures)

    def _check(self) -> None:
        if self._stop():
            raise Stopped


class SampledAutoencoder(Settled[HubAutoencoder]):
    """An autoencoder that can be stopped: an Autoencoder, but for neighbours, since no training pictures came with it.

    Noise decodes to colours without a scene: nothing here knows scenes.
    """

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance (N, latent_dim) of pictures (N, 3, H, W) in [-1, 1]."""
        return self.model.encode(images)

    def decode(self, z: Tensor, class_weights: Tensor | None = None, truncation_psi: float = 1.0) -> Tensor:
        """Pictures (N, 3, H, W) in [-1, 1] of latents (N, latent_dim); there is no class, and psi is in the noise."""
        return self.model.decode(z, self.sampling.progress)


def _load(card: ModelCard, placement: Placement) -> "torch.nn.Module":
    """The network of a folder, by the class that its config names; an InputError where that does not fit."""
    import diffusers

    kinds = {kind.__name__: kind for kind in (diffusers.AutoencoderTiny, diffusers.AutoencoderKL)}
    name, _ = read_class(card.folder, card.id)
    if name not in kinds:
        raise refused(card.id, f"it is a {name[:60]}, no autoencoder", f"它是 {name[:60]}，不是自编码器")
    network = from_pretrained(kinds[name], card.folder, dtype=getattr(torch, placement.dtype))
    if placement.sliced:
        network.enable_slicing()
        network.enable_tiling()
    return network.requires_grad_(False).to(placement.device)
