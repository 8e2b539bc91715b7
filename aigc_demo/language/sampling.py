r"""From logits to the next token: the settings of a sampler, in the order in which they act.

1. repetition penalty $\rho$: the logit of a token seen before is divided by $\rho$ where positive, multiplied
   where negative (Keskar et al. 2019, CTRL, section 4.1);
2. temperature $\tau$: $p_i \propto e^{z_i / \tau}$; 0 stands for the limit, the most probable token;
3. top-k: only the k most probable stay (Fan et al. 2018);
4. top-p: only the smallest set of most probable tokens whose mass reaches p stays (Holtzman et al. 2020, section 3.1);
5. watermark: of what stays, the green tokens get delta more (provenance/watermark/text.py). It comes last, so that it chooses only among
   tokens that would have done anyway, and never breaks the form of a poem; at temperature 0 nothing is left to choose.

The draw inverts the distribution function, $i = \min\{i : F(i) > u\}$, $u \sim U[0, 1)$: one number decides a token, so
a sample depends on its own generator alone and not on how many are drawn beside it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.provenance.watermark.text import TextMark


@dataclass(frozen=True)
class Settings:
    """How to sample; temperature 0 is greedy, top_k 0 and top_p 1 are off, repetition_penalty 1 is off, mark None is none."""

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    mark: TextMark | None = None

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


def keep_top_k(logits: Tensor, top_k: int) -> Tensor:
    """logits (batch, vocab) with all but the k largest of each row at -inf; 0 keeps all."""
    if not 0 < top_k < logits.shape[-1]:
        return logits
    threshold = logits.topk(top_k).values[:, -1:]
    return logits.masked_fill(logits < threshold, -math.inf)


def keep_top_p(logits: Tensor, top_p: float) -> Tensor:
    """logits (batch, vocab) with all at -inf but the most probable of each row whose mass first reaches top_p."""
    if top_p >= 1.0:
        return logits
    probabilities = logits.softmax(-1)
    ordered = _sort(probabilities).flip(-1)
    before = ordered.cumsum(-1) - ordered
    threshold = ordered.masked_fill(before >= top_p, 1.0).amin(-1, keepdim=True)
    return logits.masked_fill(probabilities < threshold, -math.inf)


def _sort(values: Tensor) -> Tensor:
    """Rows in ascending order; on a CPU by numpy, whose vectorised sort is many times quicker than torch's."""
    if values.device.type == "cpu":
        return torch.from_numpy(np.sort(values.numpy(), axis=-1))
    return values.sort(dim=-1).values


def sample(logits: Tensor, settings: Settings, uniform: Tensor, last: Tensor) -> Tensor:
    """Token ids (batch,) drawn from logits (batch, vocab) with the numbers `uniform` (batch,) of [0, 1).

    last: (batch,), the tokens before, by which a watermark chooses.
    """
    if settings.temperature == 0.0:
        return logits.argmax(-1)
    logits = keep_top_p(keep_top_k(logits / settings.temperature, settings.top_k), settings.top_p)
    if settings.mark:
        logits = settings.mark.bias(logits, last)
    cumulative = logits.softmax(-1).cumsum(-1)
    total = cumulative[:, -1:].contiguous()
    place = torch.searchsorted(cumulative, uniform.unsqueeze(-1) * total, right=True)
    # rounding can carry the product to the total itself: take the last token that has any probability
    return torch.minimum(place, torch.searchsorted(cumulative, total)).squeeze(-1)


def uniforms(seeds: Sequence[int], length: int) -> Tensor:
    """(len(seeds), length) numbers of [0, 1); each row comes from a generator of its own."""
    generators = (torch.Generator().manual_seed(seed % 2**63) for seed in seeds)
    return torch.stack([torch.rand(length, generator=generator) for generator in generators])
