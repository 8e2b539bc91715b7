r"""From words to codes, one at a time: the next code is drawn by the logits

    $\ell = \sum_k a_k \log p_\theta(c_t \mid w_k, c_{<t})$,   $\sum_k a_k = 1$,

of several captions $w_k$ with weights $a_k$. Guidance s is the caption at s and "no caption" at 1 - s (classifier-free
guidance, Ho and Salimans 2022, for codes: Gafni et al. 2022, section 3.4); half-way between two sentences is a half of
each. The draw inverts the distribution function at $\Phi(e)$ of a normal number e, so that pictures come out of noise here,
too: the same noise and the same words give the same picture, and noise can be mixed.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from aigc_demo.core.errors import Stopped
from aigc_demo.core.stopping import Stop, never
from aigc_demo.families.dalle.networks import Transformer
from aigc_demo.language.sampling import Settings, sample

UNKNOWN = -1  # a code that is yet to be drawn


@dataclass(frozen=True)
class Asked:
    """Captions (K, m, C) of word numbers, and the weight of each of the K, which sum to 1; m: 1 or one a picture."""

    captions: Tensor
    weights: tuple[float, ...]


@dataclass(frozen=True)
class Written:
    """Codes (n, T), and what the codes that were given cost in bits, (n,): how little they go with the drawn ones."""

    codes: Tensor
    given_bits: Tensor


def no_code(codes: Tensor) -> None:
    """Hears of codes and does nothing."""


@torch.inference_mode()
def write_codes(
    network: Transformer,
    asked: Asked,
    noise: Tensor,
    settings: Settings,
    given: Tensor | None = None,
    stop: Stop = never,
    on_code: Callable[[Tensor], None] = no_code,
) -> Written:
    """Draw codes by noise (n, T) of N(0, I), but for those `given` (n, T) that are not UNKNOWN.

    on_code hears the codes so far, (n, t), after each. Raises Stopped soon after `stop()` turns true.
    """
    count, length = noise.shape
    device = network.start.device
    uniform = torch.special.ndtr(noise.double()).float().clamp(max=1 - 1e-7).to(device)
    weights = torch.tensor(asked.weights, device=device).view(-1, 1, 1)
    cache, logits = network.read(asked.captions.flatten(0, 1).to(device))
    copies = count // asked.captions.shape[1]
    cache, logits = cache.repeated(copies), logits.repeat_interleave(copies, 0)
    given = torch.full((count, length), UNKNOWN) if given is None else given
    given, bits = given.to(device), torch.zeros(count, device=device)
    codes = torch.empty(count, 0, dtype=torch.long, device=device)
    for place in range(length):
        if stop():
            raise Stopped
        mixed = (weights * logits.unflatten(0, (-1, count)).log_softmax(-1)).sum(0)
        chosen = sample(mixed, settings, uniform[:, place], codes[:, -1:])
        known = given[:, place] != UNKNOWN
        chosen = torch.where(known, given[:, place], chosen)
        cost = -mixed.log_softmax(-1).gather(1, chosen.unsqueeze(1))[:, 0] / math.log(2)
        bits += cost * known
        codes = torch.cat((codes, chosen.unsqueeze(1)), 1)
        on_code(codes)
        if place + 1 < length:
            logits = network.go_on(chosen.repeat(len(asked.weights)), cache)
    return Written(codes, bits)
