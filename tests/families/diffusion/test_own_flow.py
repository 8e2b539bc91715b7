"""The way from noise to a picture: exact where the direction is, of second order where it bends, and held where it must be."""

import math
from itertools import pairwise

import pytest
import torch

from aigc_demo.families.diffusion.flow import clean, draw_times, noise_levels, solve
from aigc_demo.families.diffusion.losses import flow_loss, interpolate
from aigc_demo.families.diffusion.norms import group_norm


def test_the_true_direction_leads_from_noise_to_the_picture_in_any_number_of_steps():
    picture, noise = torch.randn(2, 3, 3, 8, 8).unbind()
    for steps in (1, 2, 7):
        levels = noise_levels(steps)
        assert levels[0] == 1 and levels[-1] == 0 and len(levels) == steps + 1
        drawn = solve(lambda x, t: noise - picture, noise, levels)
        assert torch.allclose(drawn, picture, atol=1e-5)


def test_a_bent_way_is_followed_to_second_order():
    # dx/dt = x from 1 to 0: x(0) = x(1) / e
    def error(steps):
        drawn = solve(lambda x, t: x, torch.ones(1, dtype=torch.float64), noise_levels(steps))
        return abs(float(drawn) - math.exp(-1))

    assert error(64) < 1e-3
    assert error(32) / error(64) == pytest.approx(4, rel=0.15)


def test_from_a_picture_the_way_begins_at_its_strength():
    levels = noise_levels(4, 0.6)
    assert levels[0] == 0.6 and levels[-1] == 0 and len(levels) == 5
    gaps = [a - b for a, b in pairwise(levels)]
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] > 0
    picture, noise = torch.randn(2, 1, 3, 4, 4).unbind()
    start = interpolate(picture, noise, torch.tensor([0.6]))
    assert torch.allclose(solve(lambda x, t: noise - picture, start, levels), picture, atol=1e-5)


def test_what_is_held_is_put_back_at_the_noise_of_every_step_and_exact_at_the_end():
    picture, noise = torch.randn(2, 1, 3, 4, 4).unbind()
    at = []

    def hold(x, t):
        at.append(t)
        known = (1 - t) * picture + t * noise
        return torch.cat([known[..., :2], x[..., 2:]], 3)

    def direction(x, t):
        assert torch.allclose(x[..., :2], ((1 - t) * picture + t * noise)[..., :2])
        return torch.zeros_like(x)

    drawn = solve(direction, noise, noise_levels(5), hold)
    assert at == pytest.approx(noise_levels(5))
    assert torch.equal(drawn[..., :2], picture[..., :2]) and torch.equal(drawn[..., 2:], noise[..., 2:])


def test_each_step_tells_what_it_takes_the_picture_for_and_may_end_the_drawing():
    picture, noise = torch.randn(2, 1, 3, 4, 4).unbind()
    told = []
    solve(
        lambda x, t: noise - picture, noise, noise_levels(3), told=lambda i, shown: told.append((i, shown()))
    )
    assert [step for step, _ in told] == [1, 2, 3]
    assert all(torch.allclose(shown, picture, atol=1e-5) for _, shown in told)

    def halt(step, shown):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        solve(lambda x, t: x, noise, noise_levels(3), told=halt)


def test_the_loss_is_nothing_for_the_true_direction_and_the_middle_is_learnt_most_often():
    picture, noise = torch.randn(2, 5, 3, 4, 4).unbind()
    assert flow_loss(noise - picture, picture, noise).abs().max() == 0
    assert torch.allclose(
        clean(interpolate(picture, noise, torch.full((5,), 0.3)), noise - picture, 0.3), picture, atol=1e-5
    )
    times = draw_times(10_000, torch.Generator().manual_seed(0))
    shares = torch.histc(times, 4, 0, 1) / len(times)
    assert times.min() > 0 and times.max() < 1
    assert torch.allclose(shares, torch.tensor([0.136, 0.364, 0.364, 0.136]), atol=0.02)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_norm_and_its_derivatives_are_those_of_torch(rows):
    generator = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64).float()

    x = (random(3, 24, 4, 6) + 0.5).contiguous(memory_format=torch.channels_last).requires_grad_()
    scale, shift = random(rows, 24).requires_grad_(), random(rows, 24).requires_grad_()
    gradient = random(3, 24, 4, 6)
    ours = group_norm(x, scale, shift, 8)
    theirs = torch.nn.functional.group_norm(x, 8) * scale[..., None, None] + shift[..., None, None]
    assert torch.allclose(ours, theirs, atol=1e-5)
    assert ours.is_contiguous(memory_format=torch.channels_last)
    inputs = (x, scale, shift)
    pairs = zip(*(torch.autograd.grad(y, inputs, gradient) for y in (ours, theirs)), strict=True)
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in pairs)
