"""A pretrained model together with how it is to sample: what both kinds that have noise for a latent share."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import torch
from torch import Tensor

from aigc_demo.models.protocols import Sampling


class OfNoise(Protocol):
    """What is asked of the model itself."""

    classes: dict[str, list[str]]
    image_shape: tuple[int, int, int]
    latent_dim: int


Model = TypeVar("Model", bound=OfNoise)


@dataclass(frozen=True)
class Settled(Generic[Model]):
    """A LatentModel whose z is noise, but for `decode`, which is the subclass's."""

    model: Model
    sampling: Sampling

    @property
    def classes(self) -> dict[str, list[str]]:
        """Class names by language."""
        return self.model.classes

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of a picture."""
        return self.model.image_shape

    @property
    def latent_dim(self) -> int:
        """Numbers in the noise of a picture."""
        return self.model.latent_dim

    def sample_latents(
        self, labels: Tensor, generator: torch.Generator, truncation_psi: float = 1.0
    ) -> Tensor:
        r"""Noise from $N(0, \psi^2 I)$, (N, latent_dim), whatever the class; with psi below 1 pictures are flatter."""
        return truncation_psi * torch.randn(len(labels), self.latent_dim, generator=generator)
