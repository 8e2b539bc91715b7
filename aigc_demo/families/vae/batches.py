"""What the networks are shown: pictures mirrored, or with noise on them."""

import torch
from torch import Tensor


def mirror_half(images: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures (N, C, H, W), each with left and right exchanged by the toss of a coin."""
    heads = torch.rand(len(images), 1, 1, 1, generator=generator) < 0.5
    return torch.where(heads, images.flip(3), images)


def corrupt_half(images: Tensor, largest: float, generator: torch.Generator) -> Tensor:
    """Every second picture of a batch with Gaussian noise, of a deviation drawn from U(0, largest) for each.

    Every second, so that processes that share a batch have as many noisy ones each.
    """
    some = images[::2]
    deviation = largest * torch.rand(len(some), 1, 1, 1, generator=generator)
    noisy = images.clone()
    noisy[::2] = (some + deviation * torch.randn(some.shape, generator=generator)).clamp(-1, 1)
    return noisy
