r"""The odds that tokens were chosen from, and a summary of the whole distribution from which they can be reshaped.

A temperature $\tau$ makes $p_i$ into $p_i^{1/\tau} / \sum_j p_j^{1/\tau}$, whose sum runs over the whole vocabulary. The
summary holds $\ln p$ of the EXACT likeliest tokens as they are, and of all others how many there are in each bin of
WIDTH nats, down to $e^{-48}$. A token of the tail stands for the middle of its bin, which changes its $p^{1/\tau}$ by a
factor of $e^{\mp 1/16\tau}$ at most; over a bin this nearly cancels. Measured on normal logits, the whole sum is right to
0.2 % of itself for $\tau \ge 1$, to 0.4 % at 1/2. What top-k and top-p keep follows from the same numbers: exactly where
the cut falls among the EXACT likeliest, by a part of a bin behind them.
"""

import base64
import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

ALTERNATIVES = 8
EXACT = 64
WIDTH = 0.125
BINS = 384
Odds = tuple[float, list[tuple[str, float]], int, str]  # the last four fields of a TokenChoice


def odds_of(logits: Tensor, chosen: Tensor, label: Callable[[int], str]) -> Iterator[Odds]:
    """The odds of the tokens `chosen` (N,) under logits (N, V), and of the likeliest others, named by `label`."""
    logs = logits.float().log_softmax(-1)
    best = logs.topk(min(EXACT, logs.shape[1]))
    own = logs.gather(1, chosen.unsqueeze(1))
    ranks = (logs > own).sum(-1).tolist()
    rows = zip(
        own.squeeze(1).exp().tolist(),
        ranks,
        best.indices,
        best.values,
        _tails(logs, best.indices),
        strict=True,
    )
    for probability, rank, indices, values, tail in rows:
        shown = zip(indices[:ALTERNATIVES].tolist(), values[:ALTERNATIVES].exp().tolist(), strict=True)
        yield probability, [(label(token), p) for token, p in shown], rank, _packed(values, tail)


def _tails(logs: Tensor, best: Tensor) -> Tensor:
    """(N, BINS): how many tokens but those of `best` (N, EXACT) there are in each bin of `logs` (N, V)."""
    bins = (logs / -WIDTH).clamp(0, BINS - 1).long()
    ones = torch.ones_like(logs)
    counts = torch.zeros(len(logs), BINS, device=logs.device).scatter_add_(1, bins, ones)
    return counts.scatter_add_(1, bins.gather(1, best), -ones[:, : best.shape[1]])


def _packed(values: Tensor, tail: Tensor) -> str:
    """base64 of EXACT float32, the logarithms, -inf where the vocabulary is smaller, and BINS uint16, the counts."""
    exact = torch.full((EXACT,), -math.inf)
    exact[: len(values)] = values.cpu()
    counts = tail.clamp(max=65535).cpu().numpy().astype("<u2")
    return base64.b64encode(exact.numpy().astype("<f4").tobytes() + counts.tobytes()).decode()
