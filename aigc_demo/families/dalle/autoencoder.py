"""The discrete autoencoder: a picture to a square of codes, each for 4 x 4 pixels, and back.

Space-to-depth puts each 2 x 2 pixels into channels, which loses nothing; a strided convolution halves the side again.
Residual blocks begin as the identity, with their input normed at each place.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aigc_demo.families.dalle.networks import Shape
from aigc_demo.families.dalle.quantiser import Quantiser


class Norm(nn.Module):
    """LayerNorm of the channels at each place."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W), the same out; channels last in memory."""
        return F.layer_norm(x.movedim(1, 3), self.weight.shape, self.weight, self.bias).movedim(3, 1)


class Block(nn.Module):
    r"""$x + C_2\,\phi(C_1\,\mathrm{LayerNorm}(x))$ with 3 x 3 convolutions; $C_2$ starts at zero."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = Norm(channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W), the same out."""
        return x + self.conv2(F.silu(self.conv1(self.norm(x))))


class Autoencoder(nn.Module):
    """Encoder, quantiser and decoder."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.quantiser = Quantiser(shape.levels)
        fine, coarse = shape.width, 2 * shape.width
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(12, fine, 3, padding=1),
            Block(fine),
            nn.Conv2d(fine, coarse, 4, stride=2, padding=1),
            *(Block(coarse) for _ in range(shape.depth)),
            Norm(coarse),
            nn.Conv2d(coarse, len(shape.levels), 1),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(len(shape.levels), coarse, 3, padding=1),
            *(Block(coarse) for _ in range(shape.depth)),
            nn.Conv2d(coarse, 4 * fine, 1),
            nn.PixelShuffle(2),
            Block(fine),
            Block(fine),
            nn.SiLU(),
            nn.Conv2d(fine, 12, 3, padding=1),
            nn.PixelShuffle(2),
        )

    def edges(self) -> list[Tensor]:
        """The kernels by which pixels and levels enter and leave."""
        first, last = self.encoder, self.decoder
        return [layer.weight for layer in (first[1], first[-1], last[0], last[-2])]

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures (N, 3, S, S) in [-1, 1] through the bottleneck and back, the same shape."""
        return self.restore(self.compress(pictures))

    def compress(self, pictures: Tensor) -> Tensor:
        """Levels (N, grid, grid, d) in [-1, 1] of pictures (N, 3, S, S) in [-1, 1], with straight-through gradients."""
        with torch.autocast(pictures.device.type, enabled=torch.is_autocast_enabled(pictures.device.type)):
            z = self.encoder(pictures)
        return self.quantiser.quantise(z.float().movedim(1, 3))

    def restore(self, levels: Tensor) -> Tensor:
        """Pictures (N, 3, S, S), about [-1, 1], of levels (N, grid, grid, d)."""
        return self.decoder(levels.movedim(3, 1)).float()

    @torch.no_grad()
    def encode(self, pictures: Tensor) -> Tensor:
        """Codes (N, grid, grid) of pictures (N, 3, S, S) in [-1, 1]."""
        return self.quantiser.to_codes(self.compress(pictures))

    @torch.no_grad()
    def decode(self, codes: Tensor) -> Tensor:
        """Pictures (N, 3, S, S) in [-1, 1] of codes (N, grid, grid)."""
        return self.restore(self.quantiser.to_levels(codes)).clamp(-1, 1)
