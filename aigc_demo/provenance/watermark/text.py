r"""A watermark in the choice of tokens (Kirchenbauer et al. 2023, A Watermark for Large Language Models, algorithm 2).

A keyed hash of the token before colours the vocabulary: a share $\gamma$ of the tokens is green, by

$$h_k(s, t) < \gamma\,2^{32}, \qquad s = x_{i-1},$$

and the sampler adds $\delta$ to the logits of the green ones. Where many tokens would do, a green one is taken more
often; where only one will do, nothing changes. A text of $T$ tokens written by anybody else has a green share of
$\gamma$ by chance, so that with the key alone, without the model, a mark is seen from the number $G$ of green tokens:

$$z = \frac{G - \gamma T}{\sqrt{T\gamma(1-\gamma)}}, \qquad p = P(\mathrm{Bin}(T, \gamma) \ge G).$$

Repeated pairs $(x_{i-1}, x_i)$ count once (section 4.3 there; Fernandez et al. 2023, Three Bricks, section IV): pairs
that differ are coloured independently, and $p$, taken over all keys, is exact for any text whatever.

Limits: the hash sees one token back, so who collects many marked texts can learn what is green (Jovanovic et al. 2024);
a paraphrase or a translation removes the mark (Kirchenbauer et al. 2024, On the Reliability of Watermarks).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from aigc_demo.provenance.watermark.chance import THRESHOLD, binomial_tail, deviation

if TYPE_CHECKING:
    from torch import Tensor

WORD = 2**32 - 1
# odd, near 2^32 / golden ratio: spreads neighbouring numbers (Knuth, TAOCP 3, section 6.4)
GOLDEN = 0x9E3779B1


@dataclass(frozen=True)
class Finding:
    """How green a text is: z, p, the `tokens` that count, and how many of them are `green`."""

    z: float
    p: float
    tokens: int
    green: int

    @property
    def found(self) -> bool:
        """Whether chance is no explanation."""
        return self.p < THRESHOLD

    def among(self, total: int) -> "Finding":
        """The same as one of `total` findings: chance had as many tries (Bonferroni)."""
        return replace(self, p=min(1.0, self.p * total))


@dataclass(frozen=True)
class TextMark:
    """The mark of one key: a share `gamma` of the tokens is green, and has `delta` more in its logits."""

    key: bytes
    gamma: float = 0.25
    delta: float = 2.0

    def bias(self, logits: "Tensor", last: "Tensor") -> "Tensor":
        """Logits (batch, vocab) with delta added to what is green behind the tokens `last` (batch,)."""
        import torch

        vocabulary = torch.arange(logits.shape[-1], device=logits.device)
        return logits + self.delta * self.green(last.unsqueeze(-1), vocabulary)

    def green(self, last: Any, tokens: Any) -> Any:
        """Which `tokens` are green behind `last`: whole numbers in arrays of numpy or torch, broadcast against each other."""
        first, second = self._words
        context = _mix(_mix(last ^ first) ^ second)
        return _mix(context ^ (tokens * GOLDEN & WORD)) < int(self.gamma * 2**32)

    def colours(self, ids: Sequence[int]) -> list[bool | None]:
        """For each token whether it is green; None for the first, whose context is not in the text."""
        tokens = np.asarray(ids, np.int64)
        return [None, *self.green(tokens[:-1], tokens[1:]).tolist()] if len(tokens) else []

    def detect(self, ids: Sequence[int]) -> Finding:
        """The finding for a text of these tokens."""
        tokens = np.asarray(ids, np.int64)
        pairs = (
            np.unique(np.stack((tokens[:-1], tokens[1:])), axis=1)
            if len(tokens) > 1
            else np.empty((2, 0), int)
        )
        total, green = pairs.shape[1], int(self.green(*pairs).sum())
        return Finding(
            deviation(green, total, self.gamma), binomial_tail(green, total, self.gamma), total, green
        )

    @cached_property
    def _words(self) -> tuple[int, int]:
        return int.from_bytes(self.key[:4], "big"), int.from_bytes(self.key[4:8], "big")


def _mix(word: Any) -> Any:
    """A bijection of 32-bit words in which each bit of the result hangs on all bits (Wellons 2018, lowbias32).

    Products run over 64 bits and wrap; their low 32 bits, all that is kept, do not mind.
    """
    word = ((word >> 16) ^ word) * 0x7FEB352D & WORD
    word = ((word >> 15) ^ word) * 0x846CA68B & WORD
    return (word >> 16) ^ word
