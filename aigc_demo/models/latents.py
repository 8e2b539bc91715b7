r"""Paths through latent space.

A straight path between two Gaussian vectors passes near the origin, where none of the training latents lie:
in $d$ dimensions their lengths concentrate at $\sqrt d$. The spherical path keeps to the shell (Shoemake 1985;
White 2016, arXiv:1609.04468).
"""

import math

import torch
from torch import Tensor


def picture_seed(seed: int, index: int) -> int:
    """The seed of picture `index` of a request, so that each picture can be asked for again alone.

    Picture 0 has the request's own seed; the others have 32 bits of it mixed with their index (the finaliser of
    MurmurHash3), so that the pictures of neighbouring seeds share nothing.
    """
    if index == 0:
        return seed
    mixed = (seed + 0x9E3779B9 * index) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    return mixed ^ (mixed >> 16)


def lerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """$(1 - t)\\,a + t\\,b$."""
    return torch.lerp(a, b, t)


def slerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    r"""$\frac{\sin((1-t)\,\Omega)}{\sin\Omega}\,a + \frac{\sin(t\,\Omega)}{\sin\Omega}\,b$, with $\Omega$ the angle of a and b.

    The directions turn at constant speed and the lengths change evenly, so that vectors of different lengths meet
    without a jump. Parallel, opposite and zero vectors, where the angle says nothing, go straight.
    """
    length_a, length_b = a.norm(), b.norm()
    if length_a == 0 or length_b == 0:
        return lerp(a, b, t)
    unit_a, unit_b = a / length_a, b / length_b
    # Kahan's angle: near 0 and pi the arc cosine of a float32 is off by more than the threshold below
    omega = 2 * math.atan2(float((unit_a - unit_b).norm()), float((unit_a + unit_b).norm()))
    if math.sin(omega) < 1e-4:
        return lerp(a, b, t)
    direction = (math.sin((1 - t) * omega) * unit_a + math.sin(t * omega) * unit_b) / math.sin(omega)
    return direction * torch.lerp(length_a, length_b, t)


PATHS = {"slerp": slerp, "lerp": lerp}


def path(
    a: Tensor, b: Tensor, frames: int, interpolation: str, there_and_back: bool = False
) -> tuple[Tensor, Tensor]:
    """Latents (F, d) from a to b, with their times t (F,) in [0, 1].

    There and back has 2 (frames - 1) frames: neither end is shown twice, so that the film loops without a stutter.
    """
    times = torch.linspace(0, 1, frames)
    if there_and_back:
        times = torch.cat([times, times[1:-1].flip(0)])
    move = PATHS[interpolation]
    return torch.stack([move(a, b, float(t)) for t in times]), times


def grid(corners: Tensor, size: int, interpolation: str) -> tuple[Tensor, Tensor]:
    """Latents (size², d) of the square between four corners (4, d), with each corner's weight (size², 4).

    Corners and cells are in reading order. Each side edge is a path, each row a path between the two edges.
    """
    move = PATHS[interpolation]
    steps = torch.linspace(0, 1, size)
    rows, weights = [], []
    for v in steps.tolist():
        left, right = move(corners[0], corners[2], v), move(corners[1], corners[3], v)
        for u in steps.tolist():
            rows.append(move(left, right, u))
            weights.append(torch.tensor([(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v]))
    return torch.stack(rows), torch.stack(weights)
