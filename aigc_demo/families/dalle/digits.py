r"""The odds of a code, digit by digit.

A code is $d$ digits, one for each number that the quantiser rounds, $c = (c_1 \dots c_d)$ with $c_i < L_i$. Behind the
state $h$ of a place

    $\log p(c \mid h) = \sum_i \log p(c_i \mid h, c_1 \dots c_{i-1})$,   $\mathrm{logits}_i = O_i\,\mathrm{GELU}(W h + \sum_{j < i} E_j[c_j])$.

The product rule makes it exact: over all codes it sums to 1. An alphabet of 32 768 codes takes no more weights so than one of a
thousand, and codes that share digits are learnt together. (Product of conditionals as in NADE: Larochelle and Murray 2011.)
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NEVER = -1e4  # the logit of a digit beyond its levels


class Digits(nn.Module):
    """Logits of the digits of codes, for quantisers of `levels`."""

    def __init__(self, levels: Sequence[int], hidden: int) -> None:
        super().__init__()
        self.levels = tuple(levels)
        self.inner = nn.Linear(hidden, hidden, bias=False)
        self.before = nn.ParameterList(0.02 * torch.randn(count, hidden) for count in self.levels[:-1])
        self.out = nn.Parameter(0.02 * torch.randn(len(self.levels), max(self.levels), hidden))
        beyond = torch.arange(max(self.levels)) >= torch.tensor(self.levels)[:, None]
        self.register_buffer("beyond", NEVER * beyond, persistent=False)

    def forward(self, states: Tensor, digits: Tensor) -> Tensor:
        """Logits (..., d, L) of each digit given those before it, by states (..., hidden) and digits (..., d) of int64."""
        sums = [self.inner(states)]
        for place, digit in enumerate(digits.unbind(-1)[:-1]):
            sums.append(self.behind(sums[-1], place, digit))
        return torch.einsum("...dh,dlh->...dl", F.gelu(torch.stack(sums, -2)), self.out) + self.beyond

    def behind(self, sums: Tensor, place: int, digit: Tensor) -> Tensor:
        """Inner sums (..., hidden) once the digit (...) at a place is known; the last one adds nothing."""
        return sums if place + 1 == len(self.levels) else sums + F.embedding(digit, self.before[place])

    def at(self, sums: Tensor, place: int) -> Tensor:
        """Logits (..., L_i) of the digit at a place, by the inner sums of those before it."""
        return F.linear(F.gelu(sums), self.out[place, : self.levels[place]])

    def likeliest(self, states: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Digits (n, k, d) of k <= `count` codes for states (n, hidden), and their ln p (n, k), likeliest first.

        By a beam of `count`: a code whose first digits are not among the likeliest is missed.
        """
        sums = self.inner(states)[:, None]
        found, logs = states.new_zeros(len(states), 1, 0, dtype=torch.long), states.new_zeros(len(states), 1)
        for place, levels in enumerate(self.levels):
            odds = (logs[..., None] + self.at(sums, place).log_softmax(-1)).flatten(1)
            logs, best = odds.topk(min(count, odds.shape[1]))
            beam, digit = (best // levels)[..., None], best % levels
            found = torch.cat([found.take_along_dim(beam, 1), digit[..., None]], -1)
            sums = self.behind(sums.take_along_dim(beam, 1), place, digit)
        return found, logs
