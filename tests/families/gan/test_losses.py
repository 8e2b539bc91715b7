import math

import torch

from aigc_demo.families.gan.losses import (
    discriminator_loss,
    generator_loss,
    penalised_loss,
    squared_gradients,
)
from aigc_demo.families.gan.networks import Discriminator, GANConfig


def test_losses_equal_the_formula_by_hand():
    real, fake = torch.tensor([1.0, -0.5]), torch.tensor([0.0, 2.0])
    expected_d = (math.log1p(math.exp(-1.0)) + math.log1p(math.exp(2.5))) / 2
    expected_g = (math.log1p(math.exp(1.0)) + math.log1p(math.exp(-2.5))) / 2
    assert math.isclose(discriminator_loss(real, fake).item(), expected_d, rel_tol=1e-6)
    assert math.isclose(generator_loss(real, fake).item(), expected_g, rel_tol=1e-6)
    whole = penalised_loss(discriminator_loss(real, fake), torch.tensor(3.0), torch.tensor(5.0), gamma=0.5)
    assert math.isclose(whole.item(), expected_d + 2, rel_tol=1e-6)


def test_gradients_push_each_player_its_way():
    real, fake = torch.zeros(4, requires_grad=True), torch.zeros(4, requires_grad=True)
    discriminator_loss(real, fake).backward()
    assert (real.grad < 0).all() and (fake.grad > 0).all()  # descent raises real logits and lowers fake ones
    fake.grad = None
    generator_loss(real, fake).backward()
    assert (fake.grad < 0).all()


def test_gradient_penalty_of_a_linear_critic_is_its_squared_weight():
    weight = torch.randn(28 * 28)
    images = torch.randn(5, 1, 28, 28, requires_grad=True)
    found = squared_gradients(images.flatten(1) @ weight, images)
    torch.testing.assert_close(found, weight.square().sum().expand(5))


def test_gradient_penalty_agrees_with_finite_differences_and_trains_the_weights():
    torch.manual_seed(0)
    critic = Discriminator(GANConfig(width=4, head=8, w_dim=8, latent_dim=4)).double()
    images = torch.randn(1, 1, 28, 28, dtype=torch.double, requires_grad=True)
    labels = torch.eye(10, dtype=torch.double)[:1]
    found = squared_gradients(critic(images, labels), images)
    with torch.no_grad():
        nudges = 1e-5 * torch.eye(784, dtype=torch.double).view(784, 1, 28, 28)
        rise = critic(images + nudges, labels.expand(784, -1)) - critic(
            images - nudges, labels.expand(784, -1)
        )
    torch.testing.assert_close(found[0], (rise / 2e-5).square().sum(), rtol=1e-4, atol=1e-8)
    found.sum().backward()
    assert critic.stem.weight.grad.abs().sum() > 0
