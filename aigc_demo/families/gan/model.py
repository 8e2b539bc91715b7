"""A trained GAN as the app uses it: draws pictures, and lets the discriminator judge them."""

from pathlib import Path

import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.families.gan.networks import Discriminator, GANConfig, Generator
from aigc_demo.models.checkpoints import load_strictly, read_config, read_weights

# Pictures a pass: always the same shapes, so that a picture is the same however many are asked for.
CHUNK = 16


class GAN:
    """Generator and discriminator of one run folder, in float32 on `device`. All results are on the CPU."""

    def __init__(self, folder: Path, device: str) -> None:
        config, tensors = read_config(folder), read_weights(folder)
        try:
            sizes = GANConfig(**config["network"])
            self.classes: dict[str, list[str]] = dict(config["classes"])
            self.score_quantiles = torch.tensor(config["score_quantiles"], dtype=torch.float32)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                en=f"{folder.name}: config.json does not describe a GAN ({error}); copy the run folder again.",
                zh=f"{folder.name}：config.json 描述的不是 GAN（{error}）；请重新复制训练记录文件夹。",
            ) from error
        self.image_shape = (sizes.channels, sizes.side, sizes.side)
        self.latent_dim = sizes.latent_dim
        self.device = device
        self.generator = Generator(sizes).eval()
        self.discriminator = Discriminator(sizes).eval()
        load_strictly(self.generator, tensors, "generator.")
        load_strictly(self.discriminator, tensors, "discriminator.")
        for network in (self.generator, self.discriminator):
            network.requires_grad_(False).to(device, memory_format=torch.channels_last)

    def sample_latents(
        self, labels: Tensor, generator: torch.Generator, truncation_psi: float = 1.0
    ) -> Tensor:
        """z ~ N(0, I), (N, latent_dim), one for each of `labels` (N,). Truncation acts later, in `decode`."""
        return torch.randn(len(labels), self.latent_dim, generator=generator)

    @torch.inference_mode()
    def decode(self, z: Tensor, class_weights: Tensor, truncation_psi: float = 1.0) -> Tensor:
        """Pictures (N, C, H, W) in [-1, 1] of z (N, latent_dim) and rows of class weights (N, K)."""
        return self._in_chunks(lambda a, b: self.generator(a, b, truncation_psi), z, class_weights)

    @torch.inference_mode()
    def score(self, images: Tensor, class_weights: Tensor) -> Tensor:
        """D's logits (N,) of pictures (N, C, H, W) in [-1, 1]: only their order means something."""
        return self._in_chunks(self.discriminator, images, class_weights)

    def percentile(self, scores: Tensor) -> Tensor:
        """Share in [0, 1] of real held-out pictures that D scores lower, for logits (N,)."""
        below = torch.searchsorted(self.score_quantiles, scores.contiguous())
        return (below / len(self.score_quantiles)).clamp(0, 1)

    def _in_chunks(self, network, first: Tensor, class_weights: Tensor) -> Tensor:
        """`network` on rows padded to whole chunks, each chunk on its own."""
        count = len(first)
        padding = -count % CHUNK
        rows = [
            torch.cat([part, part[-1:].expand(padding, *part.shape[1:])]) for part in (first, class_weights)
        ]
        pairs = zip(*(part.to(self.device, torch.float32).split(CHUNK) for part in rows), strict=True)
        return torch.cat([network(a, b).cpu() for a, b in pairs])[:count]
