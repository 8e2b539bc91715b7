r"""From words to codes, one at a time: the next code is drawn by the logits

    $\ell = \sum_k a_k \log p_\theta(c_t \mid w_k, c_{<t})$,   $\sum_k a_k = 1$,

digit by digit (digits.py), of several captions $w_k$ with weights $a_k$. Guidance s is the caption at s and "no caption" at 1 - s (classifier-free
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
    """Draw codes by noise (n, T, d) of N(0, I), a number for each digit, but for those `given` (n, T) that are not UNKNOWN.

    on_code hears the codes so far, (n, t), after each. Raises Stopped soon after `stop()` turns true.
    """
    count, length, _ = noise.shape
    device = network.start.device
    uniform = torch.special.ndtr(noise.double()).float().clamp(max=1 - 1e-7).to(device)
    weights = torch.tensor(asked.weights, device=device).view(-1, 1, 1)
    cache, states = network.read(asked.captions.flatten(0, 1).to(device))
    copies = count // asked.captions.shape[1]
    cache, states = cache.repeated(copies), states.repeat_interleave(copies, 0)
    given = torch.full((count, length), UNKNOWN) if given is None else given
    given, bits = given.to(device), torch.zeros(count, device=device)
    codes = torch.empty(count, 0, dtype=torch.long, device=device)
    for place in range(length):
        if stop():
            raise Stopped
        draw = Draw(network, weights, settings, uniform[:, place], given[:, place])
        chosen, cost = draw(states)
        bits += cost * (given[:, place] != UNKNOWN)
        codes = torch.cat((codes, chosen.unsqueeze(1)), 1)
        on_code(codes)
        if place + 1 < length:
            states = network.go_on(chosen.repeat(len(asked.weights)), cache)
    return Written(codes, bits)


@dataclass(frozen=True)
class Draw:
    """How one code of each picture is drawn: `weights` (K, 1, 1) of captions, `uniform` (n, d), `given` (n,) or UNKNOWN."""

    network: Transformer
    weights: Tensor
    settings: Settings
    uniform: Tensor
    given: Tensor

    def __call__(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Codes (n,) by states (K n, hidden), and what they cost in bits, (n,)."""
        head, quantiser = self.network.head, self.network.quantiser
        known, wanted = self.given != UNKNOWN, quantiser.to_digits(self.given.clamp(min=0))
        sums, digits, cost = head.inner(states), [], torch.zeros_like(self.uniform[:, 0])
        for place in range(len(head.levels)):
            logs = head.at(sums, place).log_softmax(-1).unflatten(0, (len(self.weights), -1))
            mixed = (self.weights * logs).sum(0)
            chosen = sample(mixed, self.settings, self.uniform[:, place], self.given[:, None])
            chosen = torch.where(known, wanted[:, place], chosen)
            cost = cost - mixed.log_softmax(-1).gather(1, chosen.unsqueeze(1))[:, 0] / math.log(2)
            digits.append(chosen)
            sums = head.behind(sums, place, chosen.repeat(len(self.weights)))
        return quantiser.from_digits(torch.stack(digits, -1)), cost
