r"""Which original tile a drawn picture is most like: $\arg\min_k \sqrt{\frac{1}{n} \sum_i (x_i - y_{k,i})^2}$.

Over all tiles as their artist drew them and mirrored, in pixel values of 0 to 255 over all n = 3 S S of them. A copy has a
distance of a few units; what no artist drew has none near.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Nearest:
    """For each picture: the original's place (N,), whether it is mirrored (N,), and the distance (N,)."""

    places: Tensor
    mirrored: Tensor
    distances: Tensor


def nearest(pictures: Tensor, originals: Tensor) -> Nearest:
    """The nearest of originals uint8 (T, 3, S, S), mirrored ones included, for pictures uint8 (N, 3, S, S)."""
    both = torch.cat([originals, originals.flip(-1)]).flatten(1).float()
    drawn = pictures.flatten(1).float()
    squares = drawn.square().sum(1, keepdim=True) - 2 * drawn @ both.T + both.square().sum(1)
    least, place = squares.clamp(min=0).min(1)
    count = len(originals)
    return Nearest(place % count, place >= count, (least / drawn.shape[1]).sqrt())
