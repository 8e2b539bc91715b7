r"""From logits to the next token: the four settings of a sampler, in the order in which they act.

1. repetition penalty $\rho$: the logit of a token seen before is divided by $\rho$ where positive, multiplied
   where negative (Keskar et al. 2019, CTRL, section 4.1);
2. temperature $\tau$: $p_i \propto e^{z_i / \tau}$; 0 stands for the limit, the most probable token;
3. top-k: only the k most probable stay (Fan et al. 2018);
4. top-p: only the smallest set of most probable tokens whose mass reaches p stays (Holtzman et al. 2020, section 3.1).

The draw inverts the distribution function, $i = \min\{i : F(i) > u\}$, $u \sim U[0, 1)$: one number decides a token, so
a sample depends on its own generator alone and not on how many are drawn beside it.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from aigc_demo.errors import InputError


@dataclass(frozen=True)
class Settings:
    """How to sample; temperature 0 is greedy, top_k 0 and top_p 1 are off, repetition_penalty 1 is off."""

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("temperature", 0.0, 10.0),
            ("top_k", 0, 10**6),
            ("top_p", 0.0, 1.0),
            ("repetition_penalty", 0.1, 10.0),
        ):
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high) or (name == "top_p" and value == 0):
                raise InputError(
                    en=f"{name} is {value}; give a number from {low} to {high}.",
                    zh=f"{name} 为 {value}；请填 {low} 到 {high} 之间的数。",
                )


def penalise(logits: Tensor, seen: Tensor, penalty: float) -> Tensor:
    """Repetition penalty: logits (batch, vocab), seen (batch, vocab) of bool."""
    if penalty == 1.0:
        return logits
    return torch.where(seen, torch.where(logits > 0, logits / penalty, logits * penalty), logits)


def truncate(logits: Tensor, top_k: int, top_p: float) -> tuple[Tensor, Tensor]:
    """The tokens that stay, most probable first: their logits and ids, both (batch, n); cut ones are -inf.

    With top_k 0 and top_p 1 all stay, and they are not sorted.
    """
    if not top_k and top_p >= 1.0:
        return logits, torch.arange(logits.shape[-1], device=logits.device).expand_as(logits)
    kept, ids = logits.topk(min(top_k or logits.shape[-1], logits.shape[-1]))
    if top_p < 1.0:
        probabilities = kept.softmax(-1)
        before = probabilities.cumsum(-1) - probabilities
        kept = kept.masked_fill(before >= top_p, -math.inf)
    return kept, ids


def sample(logits: Tensor, settings: Settings, uniform: Tensor) -> Tensor:
    """Token ids (batch,) drawn from logits (batch, vocab) with the numbers `uniform` (batch,) of [0, 1)."""
    if settings.temperature == 0.0:
        return logits.argmax(-1)
    kept, ids = truncate(logits / settings.temperature, settings.top_k, settings.top_p)
    cumulative = kept.softmax(-1).cumsum(-1)
    threshold = uniform.unsqueeze(-1) * cumulative[:, -1:]
    place = torch.searchsorted(cumulative, threshold, right=True)
    # rounding can carry the threshold to the last value: take the last token that has any probability
    last = torch.searchsorted(cumulative, cumulative[:, -1:].contiguous())
    return ids.gather(-1, torch.minimum(place, last)).squeeze(-1)


def uniforms(seed: int, count: int, length: int) -> Tensor:
    """(count, length) numbers of [0, 1); row i comes from a generator of its own, seeded with seed + i."""
    rows = []
    for index in range(count):
        generator = torch.Generator().manual_seed((seed + index) % 2**63)
        rows.append(torch.rand(length, generator=generator))
    return torch.stack(rows)
