"""The critic of a VAE: what it learns, what its gradients reach, and how hard they pull."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from aigc_demo.families.vae.critic import Critic, adversarial, balance, critic_objective
from aigc_demo.families.vae.networks import VAEConfig


@pytest.fixture
def critic():
    torch.manual_seed(0)
    return Critic(VAEConfig(width=8))


def stripes(count=32):
    """Sharp pictures (N, 1, 28, 28), and the same blurred."""
    generator = torch.Generator().manual_seed(0)
    sharp = torch.randint(2, (count, 1, 1, 28), generator=generator).float().expand(-1, -1, 28, -1) * 2 - 1
    return sharp, F.avg_pool2d(sharp, 3, 1, 1)


@pytest.mark.parametrize(("channels", "side", "places"), [(1, 28, 7), (3, 64, 8)])
def test_it_gives_a_logit_a_patch(channels, side, places):
    pictures = torch.zeros(2, channels, side, side)
    assert Critic(VAEConfig(width=8, side=side, channels=channels))(pictures).shape == (2, places, places)


def test_a_patch_is_judged_by_what_is_near(critic):
    """A blot in one corner changes the logits there, and none beyond 20 pixels."""
    picture = torch.zeros(1, 1, 28, 28)
    blotted = picture.clone()
    blotted[..., :4, :4] = 1
    changed = (critic(blotted) != critic(picture))[0]
    assert changed[0, 0] and not changed[4:].any() and not changed[:, 4:].any()


def test_it_learns_to_tell_blur_from_what_is_real(critic):
    sharp, blurred = stripes()
    optimizer = torch.optim.Adam(critic.parameters(), 1e-2)
    first = critic_objective(critic, sharp, blurred)[1]
    for _ in range(60):
        optimizer.zero_grad()
        objective, told_apart = critic_objective(critic, sharp, blurred)
        objective.backward()
        optimizer.step()
    assert told_apart > 0.95 > first
    assert adversarial(critic, sharp, blurred) > adversarial(critic, sharp, sharp)


def test_each_sides_gradients_are_its_own(critic):
    sharp, blurred = stripes(4)
    fake = blurred.clone().requires_grad_()
    adversarial(critic, sharp, fake).backward()
    assert fake.grad.abs().sum() > 0 and all(weight.grad is None for weight in critic.parameters())
    fake.grad = None
    critic_objective(critic, sharp, fake)[0].backward()
    assert fake.grad is None and all(weight.grad.abs().sum() > 0 for weight in critic.parameters())


def test_the_penalty_of_a_quarter_is_that_of_all_where_pictures_are_alike(critic):
    sharp, blurred = (part[:1].repeat(8, 1, 1, 1) for part in stripes())
    some, all_alike = (
        critic_objective(critic, sharp, blurred)[0],
        critic_objective(critic, sharp[:1], blurred[:1])[0],
    )
    torch.testing.assert_close(some, all_alike)


def test_its_pull_is_a_share_of_the_reconstructions(critic):
    sharp, _ = stripes(4)
    layer = nn.Conv2d(1, 1, 3, padding=1)
    drawn = layer(sharp)
    reconstruction, sharpness = 40 * F.mse_loss(drawn, sharp), adversarial(critic, sharp, drawn)
    weight = balance(reconstruction, sharpness, layer.weight, 0.3)
    assert not weight.requires_grad
    pulls = [
        torch.autograd.grad(term, layer.weight, retain_graph=True)[0].norm()
        for term in (reconstruction, weight * sharpness)
    ]
    torch.testing.assert_close(pulls[1], 0.3 * pulls[0], rtol=1e-4, atol=0)
