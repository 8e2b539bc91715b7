"""Augmentation: pictures turned, sheared, scaled, moved and made paler by chance, so that none is seen twice alike.

What a class is does not change by such small moves (Simard, Steinkraus and Platt 2003). Mirroring is left out: a
mirrored digit or letter is another one, or none.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

DRAWS = 7  # random numbers a picture
FEW = 5000  # training pictures; with fewer, "auto" augments
TURN, SHEAR, SCALE, SHIFT = 0.25, 0.2, 0.15, 0.15  # radians; shares; of half the side, either way
PALER = 0.4  # at most so much of the contrast is taken


def augment(images: Tensor, draws: Tensor) -> Tensor:
    """Pictures (N, C, H, W) in [-1, 1], changed as `draws` (N, 7), uniform in [0, 1), say; the same shape.

    What comes in at an edge is what stands at that edge.
    """
    turn, shear, wide, high, across, down = (2 * draws[:, :6] - 1).unbind(1)
    cos, sin = (TURN * turn).cos(), (TURN * turn).sin()
    wide, high, shear = 1 + SCALE * wide, 1 + SCALE * high, SHEAR * shear
    rows = [
        [wide * cos, wide * (shear * cos - sin), SHIFT * across],
        [high * sin, high * (shear * sin + cos), SHIFT * down],
    ]
    matrices = torch.stack([torch.stack(row, dim=1) for row in rows], dim=1).to(images)
    grid = F.affine_grid(matrices, list(images.shape), align_corners=False)
    moved = F.grid_sample(images, grid, padding_mode="border", align_corners=False)
    darkest = moved.amin(dim=(1, 2, 3), keepdim=True)
    return torch.lerp(moved, darkest, PALER * draws[:, 6, None, None, None].to(images))
