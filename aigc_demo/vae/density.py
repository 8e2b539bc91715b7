r"""A Gaussian mixture fitted to codes by expectation-maximisation, one mixture a class.

The prior $\mathcal N(0, I)$ is what the codes are pulled towards, not where they lie; sampling from a density
fitted after training keeps to where the decoder has been trained (ex-post density, Ghosh et al. 2020).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Mixture:
    r"""$p(z) = \sum_k \pi_k\,\mathcal N(z; \mu_k, L_k L_k^\top)$ with weights (K,), means (K, d), lower factors (K, d, d)."""

    weights: Tensor
    means: Tensor
    factors: Tensor

    def component_log_prob(self, z: Tensor) -> Tensor:
        r"""$\log \pi_k + \log \mathcal N(z; \mu_k, \Sigma_k)$ for z (N, d): (N, K)."""
        d = self.means.shape[1]
        differences = (z - self.means[:, None]).mT  # (K, d, N)
        whitened = torch.linalg.solve_triangular(self.factors, differences, upper=False)
        log_determinants = self.factors.diagonal(dim1=1, dim2=2).log().sum(1)
        constants = self.weights.log() - log_determinants - d / 2 * math.log(2 * math.pi)
        return constants - 0.5 * whitened.square().sum(1).mT

    def log_prob(self, z: Tensor) -> Tensor:
        r"""$\log p(z)$ of z (N, d): (N,)."""
        return torch.logsumexp(self.component_log_prob(z), dim=1)

    def sample(self, uniform: Tensor, noise: Tensor, truncation_psi: float = 1.0) -> Tensor:
        r"""$\mu_k + \psi L_k \epsilon$ (N, d), with k by inversion of `uniform` (N,) in [0, 1], `noise` (N, d) normal.

        $\psi < 1$ stays near the middle of each component: safer and more alike.
        """
        k = torch.searchsorted(self.weights.cumsum(0), uniform).clamp(max=len(self.weights) - 1)
        return self.means[k] + truncation_psi * torch.einsum("nij,nj->ni", self.factors[k], noise)


def fit(z: Tensor, components: int, seed: int, iterations: int = 100, ridge: float = 1e-3) -> Mixture:
    """Fit a mixture with full covariances to codes (N, d) by EM, in double precision (Bishop 2006, section 9.2).

    Starts at distant codes (k-means++, Arthur and Vassilvitskii 2007) with the whole data's covariance, and ends
    when the mean log-likelihood gains less than 1e-4. `ridge` is added to each covariance's diagonal.
    """
    z = z.double()
    start = _spread(z, components, torch.Generator().manual_seed(seed))
    spread = torch.linalg.cholesky(torch.cov(z.T) + ridge * torch.eye(z.shape[1], dtype=z.dtype))
    mixture = Mixture(
        torch.full((components,), 1 / components, dtype=z.dtype), start, spread.expand(components, -1, -1)
    )
    before = -math.inf
    for _ in range(iterations):
        mixture, now = em_step(z, mixture, ridge)
        if now - before < 1e-4:
            break
        before = now
    return mixture


def em_step(z: Tensor, mixture: Mixture, ridge: float) -> tuple[Mixture, float]:
    """One step of EM on codes (N, d): the new mixture, and the old one's mean log-likelihood.

    E: each component's responsibility for each code. M: its weight, mean and covariance under them.
    """
    joint = mixture.component_log_prob(z)
    evidence = torch.logsumexp(joint, dim=1)
    responsibilities = torch.exp(joint - evidence[:, None])  # (N, K)
    counts = responsibilities.sum(0) + 1e-8
    means = responsibilities.T @ z / counts[:, None]
    centred = z - means[:, None]  # (K, N, d)
    covariances = (centred * responsibilities.T[:, :, None]).mT @ centred / counts[:, None, None]
    covariances = covariances + ridge * torch.eye(z.shape[1], dtype=z.dtype)
    return Mixture(counts / counts.sum(), means, torch.linalg.cholesky(covariances)), float(evidence.mean())


def _spread(z: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """`count` of the codes (N, d), each next one drawn by its squared distance from those already chosen."""
    chosen = z[torch.randint(len(z), (1,), generator=generator)]
    while len(chosen) < count:
        distances = torch.cdist(z, chosen).min(dim=1).values.square()
        chosen = torch.cat([chosen, z[torch.multinomial(distances + 1e-12, 1, generator=generator)]])
    return chosen
