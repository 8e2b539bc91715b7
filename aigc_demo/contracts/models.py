"""What a family's model must be able to do to serve a tab."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:  # the page process does not wait for torch
    import torch
    from torch import Tensor


class LatentModel(Protocol):
    """Pictures from latent vectors. `K` classes; a class weight row is one-hot, or a mixture for class morphing."""

    classes: dict[str, list[str]]
    image_shape: tuple[int, int, int]
    latent_dim: int

    def sample_latents(
        self, labels: "Tensor", generator: "torch.Generator", truncation_psi: float = 1.0
    ) -> "Tensor":
        """Latents (N, latent_dim) for class labels (N,)."""
        ...

    def decode(self, z: "Tensor", class_weights: "Tensor", truncation_psi: float = 1.0) -> "Tensor":
        """Pictures (N, C, H, W) in [-1, 1] for latents (N, latent_dim) and class weights (N, K)."""
        ...


class Critic(Protocol):
    """A model that also judges pictures: a GAN's discriminator."""

    def score(self, images: "Tensor", class_weights: "Tensor") -> "Tensor":
        """Raw scores (N,); higher means more real."""
        ...

    def percentile(self, scores: "Tensor") -> "Tensor":
        """Share of real held-out pictures that score lower, (N,) in [0, 1]."""
        ...


class Autoencoder(LatentModel, Protocol):
    """A model that also encodes pictures: a VAE."""

    def encode(self, images: "Tensor") -> tuple["Tensor", "Tensor"]:
        """Mean and log variance (N, latent_dim) of q(z | x) for pictures (N, C, H, W) in [-1, 1]."""
        ...

    def nearest(self, z: "Tensor", k: int) -> tuple["Tensor", "Tensor", "Tensor"]:
        """The k nearest training codes of one latent (latent_dim,): codes (k, latent_dim), labels and distances (k,)."""
        ...


class Upscaler(Protocol):
    """A model that makes a picture larger, `scale` times as wide and high."""

    scale: int

    def enlarge(self, picture: np.ndarray, stop: Callable[[], bool]) -> np.ndarray:
        """(H, W, 3) uint8 -> (scale H, scale W, 3) uint8; raises Stopped soon after `stop()` turns true."""
        ...


@dataclass(frozen=True)
class TokenChoice:
    """One token that was written, with the model's own odds before any filter.

    A model on a server sends neither the number of the token (-1) nor, from some servers, its odds (None).
    """

    text: str
    id: int
    probability: float | None
    alternatives: list[tuple[str, float]]


@dataclass(frozen=True)
class Step:
    """One step of decoding: a token for each sample, None for samples that have ended."""

    index: int
    tokens: list[TokenChoice | None]


class TextModel(Protocol):
    """A language model that writes token by token."""

    forms: tuple[str, ...]
    language: str
    context_length: int
    layers: int
    heads: int

    def generate(self, prompt: str, *, stop: Callable[[], bool], **settings: Any) -> Iterator[Step]:
        """Write `count` samples; the settings are TextRequest's fields."""
        ...

    def attention(self, ids: Sequence[int], layer: int, head: int) -> tuple[list[str], "Tensor"]:
        """Labels of the T tokens and the attention weights (T, T) of one head; rows sum to 1."""
        ...
