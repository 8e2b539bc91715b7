"""Mixing pictures with noise, and what is asked of the network."""

import pytest
import torch

from aigc_demo.families.diffusion import losses

CLEAN, NOISE = torch.randn(2, 4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
ALPHA_BAR = torch.tensor([1.0, 0.7, 0.2, 0.0])


def test_mixtures_end_at_picture_and_noise_and_keep_the_variance():
    mixed = losses.add_noise(CLEAN, NOISE, ALPHA_BAR)
    assert torch.equal(mixed[0], CLEAN[0]) and torch.equal(mixed[3], NOISE[3])
    assert mixed.var() == pytest.approx(1, abs=0.1)
    line = losses.interpolate(CLEAN, NOISE, torch.tensor([0.0, 0.5, 0.25, 1.0]))
    assert torch.equal(line[0], CLEAN[0]) and torch.equal(line[3], NOISE[3])
    assert torch.allclose(line[1], (CLEAN[1] + NOISE[1]) / 2)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_targets_are_those_of_diffusers(prediction):
    from diffusers import DDPMScheduler

    scheduler = DDPMScheduler()
    steps = torch.tensor([0, 100, 600, 999])
    alpha_bar = scheduler.alphas_cumprod[steps]
    asked = losses.target(CLEAN, NOISE, alpha_bar, prediction)
    theirs = {
        "epsilon": NOISE,
        "sample": CLEAN,
        "v_prediction": scheduler.get_velocity(CLEAN, NOISE, steps),
    }
    assert torch.allclose(asked, theirs[prediction], atol=1e-6)
    assert torch.allclose(losses.add_noise(CLEAN, NOISE, alpha_bar), scheduler.add_noise(CLEAN, NOISE, steps))
    assert not losses.denoising_loss(asked, CLEAN, NOISE, alpha_bar, prediction).any()


def test_losses_are_a_mean_square_a_sample():
    off = losses.denoising_loss(NOISE + 0.5, CLEAN, NOISE, ALPHA_BAR)
    assert torch.allclose(off, torch.full((4,), 0.25))
    flow = losses.flow_loss(NOISE - CLEAN - 2, CLEAN, NOISE)
    assert torch.allclose(flow, torch.full((4,), 4.0))


def test_the_flow_target_is_the_slope_of_the_line():
    sigma = torch.full((4,), 0.3, dtype=torch.float64)
    step = 1e-3
    ends = [losses.interpolate(CLEAN.double(), NOISE.double(), sigma + side) for side in (-step, step)]
    slope = (ends[1] - ends[0]) / (2 * step)
    assert losses.flow_loss(slope, CLEAN, NOISE).max() < 1e-10
