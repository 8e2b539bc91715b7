import math

import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from aigc_demo.families.vae.density import BANDWIDTH, Mixture, em_step, fit, fit_classes


def planted(count=3000):
    """Three clusters in the plane with known weights, means and shapes; (N, 2) and the mixture."""
    weights = torch.tensor([0.5, 0.3, 0.2], dtype=torch.double)
    means = torch.tensor([[0.0, 0.0], [8.0, 0.0], [0.0, 9.0]], dtype=torch.double)
    factors = torch.tensor(
        [[[1.0, 0], [0.8, 0.5]], [[0.5, 0], [0, 2.0]], [[1.5, 0], [-0.5, 0.7]]], dtype=torch.double
    )
    mixture = Mixture(weights, means, factors)
    generator = torch.Generator().manual_seed(1)
    uniform = torch.rand(count, generator=generator, dtype=torch.double)
    return mixture.sample(uniform, torch.randn(count, 2, generator=generator, dtype=torch.double)), mixture


def test_log_prob_agrees_with_torch_distributions():
    z, mixture = planted(50)
    components = MultivariateNormal(mixture.means, scale_tril=mixture.factors)
    expected = MixtureSameFamily(Categorical(mixture.weights), components).log_prob(z)
    torch.testing.assert_close(mixture.component_log_prob(z).logsumexp(1), expected)


def test_each_em_step_raises_the_likelihood():
    z, _ = planted()
    start = torch.stack([z[0], z[1], z[2]])
    mixture = Mixture(
        torch.full((3,), 1 / 3, dtype=z.dtype), start, 3 * torch.eye(2, dtype=z.dtype).expand(3, 2, 2)
    )
    before = -math.inf
    for _ in range(25):
        mixture, now = em_step(z, mixture, torch.eye(2, dtype=z.dtype), strength=0)
        assert now >= before - 1e-9
        before = now


def test_fit_finds_planted_clusters():
    z, truth = planted()
    found = fit(z, components=3, seed=0)
    order = torch.cdist(truth.means, found.means).argmin(1)
    assert sorted(order.tolist()) == [0, 1, 2]
    torch.testing.assert_close(found.means[order], truth.means, atol=0.2, rtol=0)
    torch.testing.assert_close(found.weights[order], truth.weights, atol=0.03, rtol=0)
    covariances = [m.factors @ m.factors.mT for m in (found, truth)]
    torch.testing.assert_close(covariances[0][order], covariances[1], atol=0.35, rtol=0)


def test_samples_have_the_fitted_moments_and_truncation_shrinks_to_the_means():
    z, mixture = planted(50_000)
    expected = (mixture.weights[:, None] * mixture.means).sum(0)
    torch.testing.assert_close(z.mean(0), expected, atol=0.1, rtol=0)
    centre = mixture.sample(torch.tensor([0.1, 0.6, 0.9]), torch.randn(3, 2).double(), truncation_psi=0.0)
    torch.testing.assert_close(centre, mixture.means)


def test_fit_survives_repeated_codes():
    found = fit(torch.zeros(20, 4), components=3, seed=0)
    assert all(torch.isfinite(value).all() for value in (found.weights, found.means, found.factors))


def test_classes_of_two_codes_of_one_and_of_none_lean_on_the_others():
    generator = torch.Generator().manual_seed(0)
    many = torch.randn(400, 4, generator=generator) * torch.tensor([2.0, 1.0, 0.5, 0.1])
    few = torch.tensor([[9.0, 9, 9, 9], [9.5, 9, 9, 9], [-9, -9, -9, -9]])
    labels = torch.tensor([0] * 400 + [1, 1, 2])
    mixtures = fit_classes(torch.cat([many, few]), labels, classes=4, components=3, seed=0)
    assert all(mixture.weights.shape == (3,) for mixture in mixtures)
    assert mixtures[1].weights.tolist() == [0.5, 0.5, 0] and mixtures[2].weights.tolist() == [1, 0, 0]
    torch.testing.assert_close(mixtures[1].means[:2], few[:2].double())  # a component about each
    for mixture in mixtures[1:3]:
        spread = (mixture.factors[0] @ mixture.factors[0].T).diagonal().sqrt()
        assert spread[0] > BANDWIDTH and spread[3] < 0.3 * BANDWIDTH  # the shape of the large class
    uniform, noise = torch.rand(50, generator=generator), torch.randn(50, 4, generator=generator).double()
    assert all(mixture.sample(uniform, noise).isfinite().all() for mixture in mixtures)
    assert mixtures[1].component_log_prob(few[:1].double())[:, 0].isfinite().all()


def test_a_single_code_has_a_density():
    (mixture,) = fit_classes(torch.ones(1, 4), torch.zeros(1), classes=1, components=2, seed=0)
    near = mixture.sample(torch.tensor([0.5]), torch.ones(1, 4).double())
    torch.testing.assert_close(near, torch.ones(1, 4).double(), atol=0.1, rtol=0)
