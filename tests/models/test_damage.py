"""What damage leaves of a picture, and what is kept of it in the repair."""

import torch

from aigc_demo.models.damage import (
    cut,
    enlarge,
    halve,
    holes,
    keep_small,
    keep_surroundings,
    shrink,
)

PICTURES = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_half_the_resolution_knows_the_means_of_four_pixels():
    small = shrink(PICTURES)
    assert torch.allclose(small[0, 0, 0, 0], PICTURES[0, 0, :2, :2].mean())
    flat = torch.full((1, 1, 28, 28), 0.25)
    assert torch.allclose(halve(flat), flat)


def test_a_guess_put_right_is_nearer_to_what_is_known_and_to_the_picture():
    smooth = enlarge(enlarge(torch.rand(4, 1, 7, 7, generator=torch.Generator().manual_seed(2)))) * 1.6 - 0.8
    guess, small = torch.zeros_like(smooth), shrink(smooth)
    right = keep_small(guess, small)
    assert (shrink(right) - small).abs().mean() < 0.1 * small.abs().mean()
    assert (right - smooth).square().mean() < 0.1 * smooth.square().mean()


def test_holes_have_many_sizes_and_places_and_all_lie_inside():
    inside = holes(200, 28, torch.Generator().manual_seed(0))
    rows, columns = inside.any(3).sum(2)[:, 0], inside.any(2).sum(2)[:, 0]
    assert torch.equal(inside.sum((1, 2, 3)), rows * columns)  # rectangles
    assert {int(rows.min()), int(rows.max())} <= set(range(8, 16)) and rows.min() < 10 and rows.max() > 13
    assert inside.any(0).all()  # any pixel can be in one


def test_around_a_hole_the_picture_stays():
    inside = holes(4, 32, torch.Generator().manual_seed(1))
    damaged = cut(PICTURES, inside)
    assert (damaged[inside.expand_as(damaged)] == 0).all()
    guess = torch.ones_like(PICTURES)
    whole = keep_surroundings(guess, damaged, inside)
    assert torch.equal(whole[~inside.expand_as(whole)], PICTURES[~inside.expand_as(whole)])
    assert (whole[inside.expand_as(whole)] == 1).all()
