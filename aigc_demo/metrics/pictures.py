"""Figures of merit that need nothing but the data; each says what it can and cannot tell.

None of them is a Frechet distance: that needs the features of a classifier that the model never met.
"""

import torch
from torch import Tensor

COPY = 1 / 3  # a sample this much nearer to one training picture than to that one's neighbours is a copy
BLOCK = 1 << 24  # distances held at a time: 64 MB


def reconstruction_error(images: Tensor, reconstructions: Tensor) -> float:
    """Mean squared error a pixel, on the scale of `images`. Blurred pictures score well: it rewards the mean."""
    return float((images - reconstructions).square().mean())


def peak_signal_to_noise(images: Tensor, others: Tensor) -> float:
    r"""$10 \log_{10}(1 / \mathrm{MSE})$ in dB for brightnesses in [0, 1], the mean over pictures (N, ...); equal ones count 100."""
    errors = (images - others).square().flatten(1).mean(1)
    return float(-10 * errors.clamp(min=1e-10).log10().mean())


def active_units(means: Tensor, threshold: float = 0.01) -> int:
    r"""Latent dimensions that carry anything: $\mathrm{Var}_x\,\mathbb E_{q}[z_j \mid x]$ above the threshold.

    From mean codes (N, d), N at least `least.LEAST` (Burda, Grosse and Salakhutdinov 2016, section 5.1).
    """
    return int((means.var(dim=0) > threshold).sum())


def pairwise_diversity(images: Tensor) -> float:
    """Mean Euclidean distance between two different pictures of (N, ...); compare with that of real pictures."""
    flat = images.flatten(1).float()
    return float(torch.cdist(flat, flat).sum() / (len(flat) * (len(flat) - 1)))


def nearest_ratios(images: Tensor, train: Tensor, k: int = 50) -> Tensor:
    r"""$d(x, t_1) \big/ \tfrac1k \sum_{i=2}^{k+1} d(x, t_i)$ for each $x$, with $t_i$ its i-th nearest training picture.

    N and M at least `least.LEAST`. In [0, 1]: near 1 for a picture like any other of its kind, near 0 for a copy. Dividing by the further
    neighbours keeps pictures that are merely plain, near to everything, from counting as copies.
    `images` (N, ...) and `train` (M, ...) of one scale; k is cut to M / 2. Returns (N,).
    Copies that were moved, mirrored or tinted are not found. (Carlini et al. 2023, Extracting Training Data from
    Diffusion Models, section 4.2, where the rule is given.)
    """
    distances, _ = nearest(images, train, min(k, len(train) // 2) + 1)
    return ratios(distances)


def ratios(distances: Tensor) -> Tensor:
    """The first of each row of ascending distances (N, k + 1) over the mean of the others: what `nearest_ratios` gives."""
    return distances[:, 0] / distances[:, 1:].mean(dim=1).clamp(min=1e-12)


def nearest_ratio(images: Tensor, train: Tensor, k: int = 50) -> float:
    """Median of `nearest_ratios`: below 1/3, at least half of the pictures are copies."""
    return float(nearest_ratios(images, train, k).median())


def memorised_share(images: Tensor, train: Tensor, k: int = 50, threshold: float = COPY) -> float:
    """Share of pictures in [0, 1] that are copies: `nearest_ratios` below the threshold.

    A thousand samples show copies that make up a half per cent; fewer show only what is common.
    """
    return float((nearest_ratios(images, train, k) < threshold).float().mean())


def class_shares(labels: Tensor, classes: int) -> Tensor:
    """Share (classes,) of each class among labels (N,)."""
    return torch.bincount(labels.long(), minlength=classes).float() / max(len(labels), 1)


def total_variation(p: Tensor, q: Tensor) -> float:
    r"""$\tfrac12 \sum_i |p_i - q_i|$ of two distributions (K,): 0 where they are equal, 1 where they share nothing."""
    return float((p - q).abs().sum() / 2)


def nearest(images: Tensor, others: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k smallest Euclidean distances (N, k) of each picture to `others`, ascending, and whose they are, in bounded memory.

    By a product of matrices, eight times faster than by differences; a copy's distance comes out as rounding,
    a thousandth of that of two pictures, instead of zero.
    """
    flat, rows = images.flatten(1).float(), others.flatten(1).float()
    parts = flat.split(max(BLOCK // max(len(rows), 1), 1))
    mode = "use_mm_for_euclid_dist"
    found = [torch.cdist(part, rows, compute_mode=mode).topk(k, largest=False) for part in parts]
    return torch.cat([distances for distances, _ in found]), torch.cat([indices for _, indices in found])
