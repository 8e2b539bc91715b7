"""The trained model as the app uses it."""

from pathlib import Path

import torch
from aigc_demo.families.toy.networks import LATENT_DIM, Decoder
from torch import Tensor

from aigc_demo.models.checkpoints import load_strictly, read_config, read_weights


class Means:
    """A LatentModel (models/protocols.py)."""

    def __init__(self, folder: Path, device: str) -> None:
        config, tensors = read_config(folder), read_weights(folder)
        self.classes, self.image_shape = config["classes"], tuple(config["image_shape"])
        self.latent_dim, self.device = LATENT_DIM, device
        self.decoder = Decoder(len(self.classes["en"]), torch.Size(self.image_shape).numel())
        load_strictly(self.decoder, tensors)
        self.decoder.to(device)

    def sample_latents(
        self, labels: Tensor, generator: torch.Generator, truncation_psi: float = 1.0
    ) -> Tensor:
        """N(0, psi^2 I)."""
        return truncation_psi * torch.randn(len(labels), LATENT_DIM, generator=generator)

    @torch.inference_mode()
    def decode(self, z: Tensor, class_weights: Tensor, truncation_psi: float = 1.0) -> Tensor:
        """Pictures (N, C, H, W) in [-1, 1]."""
        return (
            self.decoder(z.to(self.device), class_weights.to(self.device))
            .cpu()
            .reshape(-1, *self.image_shape)
        )
