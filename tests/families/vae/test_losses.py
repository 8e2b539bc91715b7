import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from aigc_demo.families.vae.losses import divergence, negative_elbo, reconstruction
from aigc_demo.families.vae.networks import reparameterise


def test_divergence_is_that_of_two_gaussians():
    mean, log_variance = torch.randn(5, 3), torch.randn(5, 3)
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(divergence(mean, log_variance), expected)
    assert divergence(torch.zeros(1, 3), torch.zeros(1, 3)).item() == 0


def test_reconstruction_of_black_and_white_is_the_bernoulli_likelihood():
    logits = torch.randn(4, 1, 28, 28)
    targets = torch.randint(2, (4, 1, 28, 28)).float()
    expected = -Bernoulli(logits=logits).log_prob(targets).sum(dim=(1, 2, 3))
    torch.testing.assert_close(reconstruction(logits, targets), expected)


def test_the_loss_is_the_mean_of_its_terms_with_the_second_weighed():
    logits, targets = torch.randn(4, 1, 8, 8), torch.rand(4, 1, 8, 8)
    mean, log_variance = torch.randn(4, 3), torch.randn(4, 3)
    loss, distortion, kl = negative_elbo(logits, targets, mean, log_variance, beta=0.2)
    torch.testing.assert_close(distortion, reconstruction(logits, targets).mean())
    torch.testing.assert_close(kl, divergence(mean, log_variance).mean())
    torch.testing.assert_close(loss, distortion + 0.2 * kl)


def test_reparameterised_samples_have_the_moments_and_pass_gradients():
    mean = torch.tensor([[1.0, -2.0]], requires_grad=True)
    log_variance = torch.tensor([[0.0, 2.0]], requires_grad=True)
    noise = torch.randn(200_000, 2, generator=torch.Generator().manual_seed(0))
    z = reparameterise(mean, log_variance, noise)
    torch.testing.assert_close(z.mean(0), mean[0], atol=0.02, rtol=0)
    torch.testing.assert_close(z.var(0), log_variance[0].exp(), atol=0.05, rtol=0)
    z.sum().backward()
    assert mean.grad.abs().sum() > 0 and log_variance.grad is not None
