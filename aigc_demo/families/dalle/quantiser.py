r"""Finite scalar quantisation (Mentzer et al. 2023): a few numbers, each rounded to a few levels, are a code.

A number $z_i$ is bounded to $L_i$ levels and rounded,

    $f(z_i) = \tfrac{L_i - 1}{2} (1 + \epsilon) \tanh(z_i + s_i) - o_i$,   $\hat z_i = \mathrm{round}(f(z_i))$,

with $o_i = \tfrac12$ where $L_i$ is even (else 0) and $s_i$ such that $f(0) = 0$. The gradient passes the rounding
as if it were not there, $\partial \hat z / \partial f = 1$ (straight-through; Bengio et al. 2013). $d$ numbers make one of
$K = \prod L_i$ codes, $k = \sum_i (\hat z_i + \lfloor L_i / 2 \rfloor) \prod_{j < i} L_j$. There is no table to learn, hence
none that dies out, and no second loss, which a VQ-VAE needs.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

EPSILON = 1e-3


class Quantiser:
    """Between numbers (..., d) of the encoder, levels (..., d) in [-1, 1], and codes (...) in [0, K). No weights.

    `levels`: $L_1 \\dots L_d$, each at least 2.
    """

    def __init__(self, levels: Sequence[int]) -> None:
        self.levels = tuple(levels)
        self.codes = math.prod(self.levels)

    def bound(self, z: Tensor) -> Tensor:
        """f: (..., d) to numbers that round to the levels."""
        count = torch.tensor(self.levels, dtype=z.dtype, device=z.device)
        half = (count - 1) * (1 + EPSILON) / 2
        offset = (count + 1) % 2 / 2
        return torch.tanh(z + torch.atanh(offset / half)) * half - offset

    def quantise(self, z: Tensor) -> Tensor:
        """(..., d) of float32 to levels (..., d) in [-1, 1], with straight-through gradients."""
        bounded = self.bound(z)
        rounded = bounded + (bounded.round() - bounded).detach()
        return rounded / self._half(z)

    def to_codes(self, levels: Tensor) -> Tensor:
        """Levels (..., d) in [-1, 1] to codes (...) of int64."""
        half = self._half(levels)
        return self.from_digits((levels * half + half).round().long())

    def to_levels(self, codes: Tensor) -> Tensor:
        """Codes (...) to levels (..., d) in [-1, 1]; the inverse of `to_codes`."""
        count = torch.tensor(self.levels, device=codes.device)
        half = count // 2
        return (self.to_digits(codes) - half) / half

    def to_digits(self, codes: Tensor) -> Tensor:
        """Codes (...) to digits (..., d) of int64, each below its L."""
        count = torch.tensor(self.levels, device=codes.device)
        return codes.unsqueeze(-1) // torch.tensor(self._places(), device=codes.device) % count

    def from_digits(self, digits: Tensor) -> Tensor:
        """Digits (..., d) to codes (...); the inverse of `to_digits`."""
        return (digits * torch.tensor(self._places(), device=digits.device)).sum(-1)

    def _half(self, like: Tensor) -> Tensor:
        return torch.tensor([count // 2 for count in self.levels], dtype=like.dtype, device=like.device)

    def _places(self) -> list[int]:
        return [math.prod(self.levels[:place]) for place in range(len(self.levels))]
