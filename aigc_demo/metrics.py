"""Figures of merit that need nothing but the data; each says what it can and cannot tell.

None of them is a Frechet distance: that needs the features of a classifier that the model never met.
"""

import torch
from torch import Tensor


def reconstruction_error(images: Tensor, reconstructions: Tensor) -> float:
    """Mean squared error a pixel, on the scale of `images`. Blurred pictures score well: it rewards the mean."""
    return float((images - reconstructions).square().mean())


def active_units(means: Tensor, threshold: float = 0.01) -> int:
    r"""Latent dimensions that carry anything: $\mathrm{Var}_x\,\mathbb E_{q}[z_j \mid x]$ above the threshold.

    From mean codes (N, d) (Burda, Grosse and Salakhutdinov 2016, section 5.1).
    """
    return int((means.var(dim=0) > threshold).sum())


def pairwise_diversity(images: Tensor) -> float:
    """Mean Euclidean distance between two different pictures of (N, ...); compare with that of real pictures."""
    flat = images.flatten(1).float()
    return float(torch.cdist(flat, flat).sum() / (len(flat) * (len(flat) - 1)))


def nearest_distances(images: Tensor, others: Tensor) -> Tensor:
    """Euclidean distance (N,) of each picture of (N, ...) to its nearest in `others` (M, ...).

    Generated pictures that lie much nearer to the training set than real held-out ones do are copies.
    """
    flat, rows = images.flatten(1).float(), others.flatten(1).float()
    return torch.cat([torch.cdist(part, rows).min(dim=1).values for part in flat.split(256)])
