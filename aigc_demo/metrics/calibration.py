"""Whether odds mean what they say: of what was said with 80 %, four in five should be right."""

import torch
from torch import Tensor

BINS = 15  # of equal width, as in Guo et al. 2017
HALVINGS = 40
SHARPEST, FLATTEST = 20.0, 0.05  # the least and the largest temperature are their inverses


def calibration_error(odds: Tensor, labels: Tensor, bins: int = BINS) -> float:
    r"""$\mathrm{ECE} = \sum_b \frac{n_b}{N} \lvert \mathrm{acc}_b - \mathrm{conf}_b \rvert$ of the likeliest class.

    Bins b of equal width by the odds of that class; odds (N, K), labels (N,). (Naeini, Cooper and Hauskrecht 2015.)
    """
    top, said = odds.double().max(dim=1)
    places = (top * bins).ceil().long().clamp(1, bins) - 1
    gap = (said == labels).double() - top
    return float(torch.zeros(bins, dtype=torch.double).index_add(0, places, gap).abs().sum() / len(labels))


def best_temperature(logits: Tensor, labels: Tensor) -> float:
    r"""The T at which the odds $\mathrm{softmax}(z / T)$ of pictures that training has not seen cost least cross entropy.

    That cost is convex in $\beta = 1 / T$, with the slope $\mathbb E[\sum_c p_c z_c - z_y]$, whose zero is found by halving;
    logits (N, K), labels (N,). (Guo et al. 2017, section 4.2.)
    """
    logits, low, high = logits.double(), FLATTEST, SHARPEST
    given = logits.gather(1, labels.long()[:, None])[:, 0]
    for _ in range(HALVINGS):
        beta = (low * high) ** 0.5
        slope = ((torch.softmax(beta * logits, dim=1) * logits).sum(1) - given).mean()
        low, high = (low, beta) if slope > 0 else (beta, high)
    return 1 / (low * high) ** 0.5
