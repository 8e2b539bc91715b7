r"""Damage to pictures, and what of them is still known: noise, half the resolution, a hole.

A picture $x$ is known through $y$: with noise $y = x + \sigma\epsilon$; at half the resolution $y = Sx$, the means of
2 x 2 pixels; with a hole $y = x$ outside of it. A model's guess $\hat x$ need not agree with $y$; put right, it does:
outside the hole the pixels are $y$'s, and of half the resolution $\hat x + U(y - S\hat x)$, where $U$ enlarges (Irani
and Peleg 1991, iterative back-projection, one step). Noise leaves nothing known for sure.

Pictures are (N, C, H, W) in [-1, 1], H and W even. Imports torch in its functions alone.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Generator, Tensor

GREY = 0.0  # what a hole shows
LEAST, MOST = 0.3, 0.55  # of a hole's sides, as shares of the picture's


def add_noise(images: "Tensor", deviation: "Tensor | float", generator: "Generator") -> "Tensor":
    """With Gaussian noise of a standard deviation, one for all or (N, 1, 1, 1)."""
    import torch

    return (images + deviation * torch.randn(images.shape, generator=generator)).clamp(-1, 1)


def shrink(images: "Tensor") -> "Tensor":
    """The means of 2 x 2 pixels, (N, C, H / 2, W / 2)."""
    from torch.nn import functional as F

    return F.avg_pool2d(images, 2)


def enlarge(small: "Tensor") -> "Tensor":
    """Twice the size by bicubic interpolation."""
    from torch.nn import functional as F

    return F.interpolate(small, scale_factor=2, mode="bicubic", align_corners=False)


def halve(images: "Tensor") -> "Tensor":
    """At half the resolution, enlarged again."""
    return enlarge(shrink(images)).clamp(-1, 1)


def holes(count: int, side: int, generator: "Generator") -> "Tensor":
    """Where `count` square pictures have their hole, (N, 1, side, side) of bool: a rectangle of chance size and place."""
    import torch

    drawn = torch.rand(count, 2, 2, generator=generator)
    length = ((LEAST + (MOST - LEAST) * drawn[:, 0]) * side).round()
    start = (drawn[:, 1] * (side - length + 1)).floor()
    place = torch.arange(side)
    inside = [(place >= start[:, axis, None]) & (place < (start + length)[:, axis, None]) for axis in (0, 1)]
    return (inside[0][:, :, None] & inside[1][:, None, :])[:, None]


def cut(images: "Tensor", inside: "Tensor") -> "Tensor":
    """With a hole where `inside` is true."""
    return images.masked_fill(inside, GREY)


def keep_surroundings(guess: "Tensor", damaged: "Tensor", inside: "Tensor") -> "Tensor":
    """A guess inside the hole, the picture itself around it."""
    return guess.where(inside, damaged)


def keep_small(guess: "Tensor", small: "Tensor") -> "Tensor":
    """A guess, put right so that shrunk it is nearly `small`."""
    return (guess + enlarge(small - shrink(guess))).clamp(-1, 1)
