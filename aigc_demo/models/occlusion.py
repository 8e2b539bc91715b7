r"""What a model looks at: how much its score of a picture falls where a part of the picture is smoothed away.

Parts are replaced by their own blur, not by black: an edge that the model has never seen would be judged, too
(occlusion: Zeiler and Fergus 2014, arXiv:1311.2901; blur as the stand-in: Fong and Vedaldi 2017, arXiv:1704.03296).
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

WINDOWS = 12  # a side: finer shows no more on 28 pixels, and costs more
WIDTH, BLUR = 0.06, 0.09  # standard deviations of a window and of the blur, as shares of the picture's side


def gaussian(side: int, centres: Tensor, deviation: float) -> Tensor:
    """exp(-(u - c)² / 2 s²) for pixels u = 0 .. side - 1 and each of `centres` (M,): (M, side)."""
    return torch.exp(-((torch.arange(side) - centres[:, None]) ** 2) / (2 * deviation**2))


def smoothed(images: Tensor, deviation: float) -> Tensor:
    """Pictures (N, C, H, W) after a Gaussian blur of `deviation` pixels; beyond the edge the edge goes on."""
    reach = int(3 * deviation)
    kernel = gaussian(2 * reach + 1, torch.tensor([float(reach)]), deviation)
    kernel = (kernel / kernel.sum()).repeat(images.shape[1], 1)
    padded = F.pad(images, (reach, reach, reach, reach), mode="replicate")
    rows = F.conv2d(padded, kernel[:, None, None, :], groups=images.shape[1])
    return F.conv2d(rows, kernel[:, None, :, None], groups=images.shape[1])


def occlusion_map(score: Callable[[Tensor], Tensor], image: Tensor) -> Tensor:
    r"""For each pixel u how much the picture x (1, C, H, W) in [-1, 1] owes to its surroundings there: (H, W).

    $R(u) = \sum_k m_k(u)\,[D(x) - D(x_k)] \,/\, \sum_k m_k(u)$ with $x_k = (1 - m_k)\,x + m_k\,\bar x$, where
    $\bar x$ is x blurred, $m_k$ are Gaussian windows on a grid, and $D$ is `score`, of pictures (N, C, H, W): (N,).
    Above zero: what is there raises the score; below: it lowers it. The unit is that of the score.
    """
    height, width = image.shape[2:]
    rows, columns = (
        gaussian(side, (torch.arange(WINDOWS) + 0.5) / WINDOWS * side - 0.5, WIDTH * side)
        for side in (height, width)
    )
    windows = (rows[:, None, :, None] * columns[None, :, None, :]).reshape(-1, 1, height, width)
    without = torch.lerp(image, smoothed(image, BLUR * height), windows)
    scores = score(torch.cat([image, without]))
    losses = scores[0] - scores[1:]
    return (losses[:, None, None] * windows[:, 0]).sum(0) / windows[:, 0].sum(0)
