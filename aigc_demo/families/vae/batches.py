"""What the networks are shown: pictures as numbers in [-1, 1], mirrored or with noise on them."""

import torch
from torch import Tensor


def to_float(images: Tensor) -> Tensor:
    """uint8 (N, H, W) or (N, H, W, 3) -> (N, C, H, W) in [-1, 1]."""
    channels_first = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2)
    return channels_first.float() / 127.5 - 1


def to_uint8(images: Tensor) -> Tensor:
    """(N, C, H, W) in [-1, 1] -> uint8 (N, H, W), or (N, H, W, 3) in colour, on the CPU."""
    levels = ((images + 1) * 127.5).round().clamp(0, 255).byte().cpu()
    return levels[:, 0] if levels.shape[1] == 1 else levels.permute(0, 2, 3, 1).contiguous()


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
