"""How far two sets of pictures are apart by features of theirs, whatever network found the features."""

import torch
from torch import Tensor

NEIGHBOURS = 3


def frechet(a: Tensor, b: Tensor) -> float:
    r"""The Fréchet distance of features (N, d) and (M, d), as Gaussians.

    $|\mu_a - \mu_b|^2 + \mathrm{tr}\,(\Sigma_a + \Sigma_b - 2 (\Sigma_a \Sigma_b)^{1/2})$. (Heusel et al. 2017, eq. 6.)
    """
    a, b = a.double(), b.double()
    first, second = torch.cov(a.T), torch.cov(b.T)
    # the trace of the root of a product is the sum of the roots of its eigenvalues
    eigenvalues = torch.linalg.eigvals(first @ second).real.clamp(min=0)
    means = (a.mean(0) - b.mean(0)).square().sum()
    return float(means + first.trace() + second.trace() - 2 * eigenvalues.sqrt().sum())


def inside(points: Tensor, others: Tensor) -> float:
    """The share of points (N, d) that lie in the ball of some other (M, d), which reaches to that one's third neighbour.

    Of drawn pictures in real ones it is precision, of real ones in drawn ones recall. (Kynkäänniemi et al. 2019, eq. 2.)
    """
    radii = torch.cdist(others, others).sort(1).values[:, NEIGHBOURS]
    return float((torch.cdist(points, others) <= radii).any(1).float().mean())
