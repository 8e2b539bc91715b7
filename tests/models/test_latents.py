"""The mathematics of latents.py."""

import math

import pytest
import torch

from aigc_demo.models.latents import PATHS, grid, lerp, path, picture_seed, slerp


def vectors(count=2, size=64, seed=0):
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("t", [0.1, 0.5, 0.9])
def test_slerp_keeps_the_length_of_vectors_of_one_length(t):
    a, b = 8 * torch.nn.functional.normalize(vectors())
    assert slerp(a, b, t).norm() == pytest.approx(8, rel=1e-5)


def test_slerp_turns_at_constant_speed():
    a, b = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    for t in (0.25, 0.5, 0.75):
        angle = t * math.pi / 2
        torch.testing.assert_close(slerp(a, b, t), torch.tensor([math.cos(angle), math.sin(angle)]))


def test_slerp_passes_evenly_between_lengths():
    a, b = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 6.0])
    assert slerp(a, b, 0.5).norm() == pytest.approx(4)


def test_the_straight_path_is_shorter_in_the_middle():
    a, b = vectors()
    assert lerp(a, b, 0.5).norm() < 0.8 * slerp(a, b, 0.5).norm()


@pytest.mark.parametrize("kind", PATHS)
def test_ends_are_exact(kind):
    a, b = vectors(seed=3)
    z, times = path(a, b, 7, kind)
    torch.testing.assert_close(z[0], a, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(z[-1], b, rtol=1e-5, atol=1e-5)
    assert times[0] == 0 and times[-1] == 1


@pytest.mark.parametrize(
    "b",
    [
        torch.tensor([2.0, 4.0, 6.0]),  # parallel
        torch.tensor([-1.0, -2.0, -3.0]),  # antipodal: every great circle is as short
        torch.zeros(3),
        torch.tensor([1.0, 2.0, 3.0]),  # the same
        torch.tensor([1.0, 2.0, 3.0 + 1e-7]),
    ],
)
def test_slerp_goes_straight_where_the_angle_says_nothing(b):
    a = torch.tensor([1.0, 2.0, 3.0])
    for t in (0.0, 0.3, 1.0):
        torch.testing.assert_close(slerp(a, b, t), torch.lerp(a, b, t))


@pytest.mark.parametrize("frames", [2, 3, 24, 120])
def test_there_and_back_shows_neither_end_twice(frames):
    a, b = vectors()
    z, times = path(a, b, frames, "slerp", there_and_back=True)
    assert len(z) == len(times) == 2 * (frames - 1)
    assert (times == 0).sum() == (times == 1).sum() == 1
    torch.testing.assert_close(times[1:], times[1:].flip(0))  # so that the film loops without a jump


@pytest.mark.parametrize("kind", PATHS)
@pytest.mark.parametrize("size", [2, 5])
def test_a_grid_has_its_corners(kind, size):
    corners = vectors(4, seed=1)
    z, weights = grid(corners, size, kind)
    assert z.shape == (size**2, 64) and weights.shape == (size**2, 4)
    places = [0, size - 1, size * (size - 1), size**2 - 1]
    torch.testing.assert_close(z[places], corners, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(weights[places], torch.eye(4))
    torch.testing.assert_close(weights.sum(1), torch.ones(size**2))
    assert (weights >= 0).all()


def test_the_centre_of_a_straight_grid_is_the_mean():
    corners = vectors(4)
    z, weights = grid(corners, 3, "lerp")
    torch.testing.assert_close(z[4], corners.mean(0))
    torch.testing.assert_close(weights[4], torch.full((4,), 0.25))


def test_picture_seeds():
    assert picture_seed(42, 0) == 42
    seeds = [picture_seed(seed, index) for seed in (0, 1, 2, 2**32 - 1) for index in range(500)]
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert len(set(seeds)) == len(seeds)
