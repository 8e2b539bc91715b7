r"""Differentiable augmentation (Zhao, Liu, Lin, Zhu and Han 2020, "Differentiable Augmentation for Data-Efficient GAN
Training", section 3): a discriminator that sees few pictures learns them by heart, unless it never sees them twice alike.

$L_D$ and $L_G$ look at $T(x)$ and $T(G(z))$ in place of $x$ and $G(z)$. The same kinds of $T$ for both, so that the
generator is not rewarded for drawing them, and differentiable, so that $L_G$ reaches $G$ through $T$. Mirroring is left
out: a mirrored digit or letter is another one, or none.
"""

import torch
from torch import Tensor

DRAWS = 7  # random numbers a picture
SHIFT = 1 / 8  # of the side, either way
CUT = 1 / 2  # of the side
FEW = 5000  # training pictures; with fewer, augmentation is worth its price


def augment(images: Tensor, draws: Tensor) -> Tensor:
    """Pictures (N, C, H, W) in about [-1, 1], changed as `draws` (N, 7), uniform in [0, 1), say; the same shape.

    Grey pictures are moved and cut; colours of colour pictures change too.
    """
    if images.shape[1] == 3:
        images = recolour(images, *draws[:, :3, None, None, None].unbind(1))
    return cut_out(translate(images, draws[:, 3:5]), draws[:, 5:])


def recolour(images: Tensor, brightness: Tensor, saturation: Tensor, contrast: Tensor) -> Tensor:
    """Brightness by -0.2 to 0.2, saturation times 0.5 to 1.5, contrast times 0.75 to 1.25; draws (N, 1, 1, 1) in [0, 1).

    Half of the paper's ranges, or less: with its own, the tints leak into what the generator draws after a few
    hundred steps on forty pictures.
    """
    images = images + 0.4 * (brightness - 0.5)
    grey = images.mean(dim=1, keepdim=True)
    images = torch.lerp(grey, images, 0.5 + saturation)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return torch.lerp(mean, images, 0.75 + 0.5 * contrast)


def translate(images: Tensor, draws: Tensor) -> Tensor:
    """Moved by whole pixels, at most an eighth of the side down and across; draws (N, 2). What comes in is 0, mid-grey."""
    side = images.shape[-1]
    most = round(side * SHIFT)
    shifts = (draws * (2 * most + 1)).floor() - most
    places = torch.arange(side, device=images.device)
    # (N, 2, side, side): row i of a picture is row i + shift of the old, as a product with a matrix of 0 and 1
    moves = (places[:, None] + shifts[..., None, None] == places).to(images.dtype)
    down, across = moves[:, :1], moves[:, 1:].transpose(2, 3)
    return down @ images @ across


def cut_out(images: Tensor, draws: Tensor) -> Tensor:
    """A square of half the side set to 0, its centre anywhere; draws (N, 2)."""
    side = images.shape[-1]
    places = torch.arange(side, device=images.device) + 0.5
    near = (places - draws[..., None] * side).abs() <= CUT / 2 * side  # (N, 2, side)
    square = near[:, 0, :, None] & near[:, 1, None, :]
    return images * ~square[:, None]
