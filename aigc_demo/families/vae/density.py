r"""A Gaussian mixture fitted to codes by expectation-maximisation, one mixture a class.

The prior $\mathcal N(0, I)$ is what the codes are pulled towards, not where they lie; sampling from a density
fitted after training keeps to where the decoder has been trained (ex-post density, Ghosh et al. 2020).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

RIDGE = 1e-3  # the variance that a covariance without any data has
KERNELS, BANDWIDTH = (
    64,
    0.3,
)  # codes of a class up to which each is a component, and its deviation, of that of all


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

    def sample(self, uniform: Tensor, noise: Tensor, truncation_psi: float = 1.0) -> Tensor:
        r"""$\mu_k + \psi L_k \epsilon$ (N, d), with k by inversion of `uniform` (N,) in [0, 1], `noise` (N, d) normal.

        $\psi < 1$ stays near the middle of each component: safer and more alike.
        """
        k = torch.searchsorted(self.weights.cumsum(0), uniform).clamp(max=len(self.weights) - 1)
        return self.means[k] + truncation_psi * torch.einsum("nij,nj->ni", self.factors[k], noise)

    def padded(self, components: int) -> "Mixture":
        """The same density with `components` components, the new ones of weight 0: mixtures of one size stack."""
        last = [len(self.weights) - 1] * (components - len(self.weights))
        weights = torch.cat([self.weights, torch.zeros(len(last), dtype=self.weights.dtype)])
        return Mixture(
            weights, torch.cat([self.means, self.means[last]]), torch.cat([self.factors, self.factors[last]])
        )


def fit_classes(
    codes: Tensor, labels: Tensor, classes: int, components: int, seed: int, iterations: int = 100
) -> list[Mixture]:
    """A mixture of `components` for each class of codes (N, d) with labels (N,).

    Few codes get fewer components (the rest weigh nothing) and lean on the covariance within all classes, that one on
    the covariance of all codes, so that a class of two pictures still has a density; an empty class has that of all.
    Of up to KERNELS codes each is a component (Parzen 1962): one Gaussian about a few codes lies mostly where the decoder
    has never been.
    """
    z, count = codes.double(), codes.shape[1]
    everywhere = shrink(scatter(z), len(z), RIDGE * torch.eye(count, dtype=z.dtype), strength=1)
    groups = [z[labels == label] for label in range(classes)]
    within = shrink(sum(scatter(group) for group in groups), len(z), everywhere, strength=count)
    mixtures = []
    for label, group in enumerate(groups):
        own = group if len(group) else z
        if len(own) <= KERNELS:
            mixtures.append(kernels(own, within))
            continue
        affordable = min(max(len(own) // (2 * count), 1), components)
        mixtures.append(fit(own, affordable, seed + label, within, count, iterations))
    most = max(components, *(len(mixture.weights) for mixture in mixtures))
    return [mixture.padded(most) for mixture in mixtures]


def kernels(z: Tensor, covariance: Tensor) -> Mixture:
    """A component about each of the codes (N, d), with BANDWIDTH of the deviations of `covariance` (d, d)."""
    factors = BANDWIDTH * torch.linalg.cholesky(covariance)
    return Mixture(torch.full((len(z),), 1 / len(z), dtype=z.dtype), z, factors.expand(len(z), -1, -1))


def scatter(z: Tensor) -> Tensor:
    r"""$\sum_n (z_n - \bar z)(z_n - \bar z)^\top$ of codes (N, d): (d, d), zero without any."""
    centred = z - z.mean(0) if len(z) else z
    return centred.mT @ centred


def shrink(scatter: Tensor, count: float | Tensor, prior: Tensor, strength: float) -> Tensor:
    r"""$\frac{S + \nu P}{n + \nu}$: the covariance of n codes with scatter S, leaning on a prior worth $\nu$ codes.

    The mode under an inverse Wishart prior (Fraley and Raftery 2007, section 3).
    """
    return (scatter + strength * prior) / (count + strength)


def fit(
    z: Tensor,
    components: int,
    seed: int,
    prior: Tensor | None = None,
    strength: float = 1,
    iterations: int = 100,
) -> Mixture:
    """Fit a mixture with full covariances to codes (N, d) by EM, in double precision (Bishop 2006, section 9.2).

    Starts at distant codes (k-means++, Arthur and Vassilvitskii 2007) with the whole data's covariance, and ends
    when the mean log-likelihood gains less than 1e-4. Covariances lean on `prior` (d, d) as `shrink` says.
    """
    z = z.double()
    prior = RIDGE * torch.eye(z.shape[1], dtype=z.dtype) if prior is None else prior
    start = _spread(z, components, torch.Generator().manual_seed(seed))
    spread = torch.linalg.cholesky(shrink(scatter(z), len(z), prior, strength))
    mixture = Mixture(
        torch.full((components,), 1 / components, dtype=z.dtype), start, spread.expand(components, -1, -1)
    )
    before = -math.inf
    for _ in range(iterations):
        mixture, now = em_step(z, mixture, prior, strength)
        if now - before < 1e-4:
            break
        before = now
    return mixture


def em_step(z: Tensor, mixture: Mixture, prior: Tensor, strength: float) -> tuple[Mixture, float]:
    """One step of EM on codes (N, d): the new mixture, and the old one's mean log-likelihood.

    E: each component's responsibility for each code. M: its weight, mean and covariance under them.
    """
    joint = mixture.component_log_prob(z)
    evidence = torch.logsumexp(joint, dim=1)
    responsibilities = torch.exp(joint - evidence[:, None])  # (N, K)
    counts = responsibilities.sum(0) + 1e-8
    means = responsibilities.T @ z / counts[:, None]
    centred = z - means[:, None]  # (K, N, d)
    scatters = (centred * responsibilities.T[:, :, None]).mT @ centred
    covariances = shrink(scatters, counts[:, None, None], prior, strength)
    return Mixture(counts / counts.sum(), means, torch.linalg.cholesky(covariances)), float(evidence.mean())


def _spread(z: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """`count` of the codes (N, d), each next one drawn by its squared distance from those already chosen."""
    chosen = z[torch.randint(len(z), (1,), generator=generator)]
    while len(chosen) < count:
        distances = torch.cdist(z, chosen).min(dim=1).values.square()
        chosen = torch.cat([chosen, z[torch.multinomial(distances + 1e-12, 1, generator=generator)]])
    return chosen
