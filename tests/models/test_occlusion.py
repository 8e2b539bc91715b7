"""What a critic looks at: a critic that sees one half alone is found out."""

import pytest
import torch

from aigc_demo.models.occlusion import occlusion_map, smoothed


def half(images):
    """A critic that likes what varies in the left half, and dislikes it in the right half."""
    rows = images.diff(dim=2).abs().sum((1, 2))
    return rows[:, :14].sum(1) - rows[:, 14:].sum(1)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_map_says_where_and_which_way(channels):
    image = torch.rand(1, channels, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    look = occlusion_map(half, image)
    assert look.shape == (28, 28)
    assert (look[:, :11] > 0).all() and (look[:, 17:] < 0).all()


def test_what_is_flat_already_owes_nothing():
    look = occlusion_map(half, torch.full((1, 1, 28, 28), -1.0))
    assert look.abs().max() < 1e-4


def test_smoothing_keeps_an_even_picture_and_the_edge():
    even = torch.full((1, 2, 20, 20), 0.3)
    torch.testing.assert_close(smoothed(even, 2.0), even)
