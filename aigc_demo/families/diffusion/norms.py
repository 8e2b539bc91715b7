r"""Group norm with a scale and a shift of each sample, in as few passes over memory as it takes.

Of the channels of a group $g$ over all places, $\mu_g$ and $\sigma_g^2$; then for channel c of it (Wu and He 2018)

$$y_c = a_c\,\frac{x_c - \mu_g}{\sqrt{\sigma_g^2 + \epsilon}} + b_c = S_c\,x_c + T_c$$

Torch's own is slow on a CPU where the channels of a group are no multiple of 16, and scaling its result reads everything
twice more. Here all that is done to pictures are sums and products; the rest is done to (N, C) numbers. With
$n = (x - \mu) / \sigma$ and $\langle\cdot\rangle$ the mean over a group, the derivative is

$$\partial x = \tfrac1\sigma \bigl( a\,\partial y - \langle a\,\partial y \rangle - n\,\langle a\,n\,\partial y \rangle \bigr)$$
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def group_norm(x: Tensor, scale: Tensor, shift: Tensor, groups: int, epsilon: float = 1e-5) -> Tensor:
    """x (N, C, h, w) in channels last, normalised in groups of channels, times scale plus shift, each (N, C) or (1, C)."""
    if x.device.type == "cpu":
        return GroupNorm.apply(x, scale, shift, groups, epsilon)
    return F.group_norm(x, groups, eps=epsilon) * scale[..., None, None] + shift[..., None, None]


class GroupNorm(torch.autograd.Function):
    """The formula above; sums are taken in float32 whatever the dtype of the pictures."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, shift: Tensor, groups: int, epsilon: float) -> Tensor:
        """y, of x's shape and dtype."""
        rows = as_rows(x)
        sums = torch.stack([part.sum(1, dtype=torch.float32) for part in (rows, rows.square())])
        mean, square = group_mean(sums, groups, rows.shape[1])
        root = ((square - mean.square()).clamp(min=0) + epsilon).rsqrt()
        factor = root * scale.float()
        ctx.save_for_backward(x, scale, shift, mean, root)
        ctx.groups = groups
        return as_pictures(affine(rows, factor, shift.float() - mean * factor), x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """The derivatives by x, scale and shift."""
        x, scale, shift, mean, root = ctx.saved_tensors
        rows, slopes = as_rows(x), as_rows(gradient)
        places, groups = rows.shape[1], ctx.groups
        by_shift = slopes.sum(1, dtype=torch.float32)
        by_scale = root * ((slopes * rows).sum(1, dtype=torch.float32) - mean * by_shift)
        a = scale.float()
        plain, along = group_mean(torch.stack([a * by_shift, a * by_scale]), groups, places)
        back = -root.square() * along
        rest = affine(rows, back, -back * mean - root * plain)
        by_x = torch.addcmul(rest, slopes, (root * a)[:, None].to(rows.dtype))
        return as_pictures(by_x, x), summed(by_scale, scale), summed(by_shift, shift), None, None


def as_rows(x: Tensor) -> Tensor:
    """(N, C, h, w) in channels last as (N, h w, C), without copying."""
    return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, x.shape[1])


def as_pictures(rows: Tensor, like: Tensor) -> Tensor:
    """(N, h w, C) as (N, C, h, w) in channels last."""
    return rows.unflatten(1, like.shape[2:]).permute(0, 3, 1, 2)


def group_mean(sums: Tensor, groups: int, places: int) -> Tensor:
    """Sums over `places` (2, N, C) to the means of each channel's group (2, N, C)."""
    width = sums.shape[2] // groups
    mean = sums.unflatten(2, (groups, width)).sum(3, keepdim=True) / (width * places)
    return mean.expand(-1, -1, -1, width).flatten(2)


def affine(rows: Tensor, factor: Tensor, shift: Tensor) -> Tensor:
    """Rows (N, P, C) times factor plus shift, each (N, C)."""
    return torch.addcmul(shift[:, None].to(rows.dtype), rows, factor[:, None].to(rows.dtype))


def summed(gradient: Tensor, like: Tensor) -> Tensor:
    """The gradient (N, C) of what may have been one row for all samples."""
    return (gradient if len(like) == len(gradient) else gradient.sum(0, keepdim=True)).to(like.dtype)
