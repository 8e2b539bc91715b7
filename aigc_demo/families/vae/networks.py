"""Encoder and decoder of a convolutional VAE for square pictures of 28 to 128 pixels; neither sees a label.

A space-to-depth step puts each patch of pixels into channels, which loses nothing and saves most of the cost; then
levels halve the side until it is at most 9. 28 x 28 pictures are handled at 14 x 14 and 7 x 7.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIDES = range(28, 129, 4)


@dataclass(frozen=True)
class VAEConfig:
    """Sizes: `width` channels at the first level, doubled at each next; `hidden` units beside the latent.

    `side` in pixels is one of SIDES, `channels` 1 (grey) or 3 (red, green, blue). A ValueError where a size is none
    of these, or larger than any use: files may come from strangers.
    """

    latent_dim: int = 16
    width: int = 32
    hidden: int = 512
    side: int = 28
    channels: int = 1

    def __post_init__(self) -> None:
        for name, size in asdict(self).items():
            if not isinstance(size, int) or not 1 <= size <= 1024:
                raise ValueError(f"{name} is {size}, not a number from 1 to 1024")
        if self.side not in SIDES or self.channels not in (1, 3):
            raise ValueError(f"pictures of {self.side} x {self.side} x {self.channels}")

    @property
    def patch(self) -> int:
        """Pixels a side that the first step puts into channels."""
        return 2 if self.side < 48 else 4

    @property
    def sides(self) -> list[int]:
        """The side of each level's feature maps, from the data to the latent: [14, 7] for 28 pixels."""
        sides = [self.side // self.patch]
        while sides[-1] > 9:
            sides.append(sides[-1] // 2)
        return sides

    @property
    def widths(self) -> list[int]:
        """The channels of each level's feature maps."""
        return [self.width * 2**level for level in range(len(self.sides))]


class ResidualBlock(nn.Module):
    r"""$x + C_2\,\phi(C_1\,\phi(x))$ with 3 x 3 convolutions; $C_2$ starts at zero, so the block at the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return x + self.conv2(F.silu(self.conv1(F.silu(x))))


class Down(nn.Module):
    """A level of the encoder: half the side, twice the channels, then a residual block."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 2 * channels, 4, stride=2, padding=1)
        self.block = ResidualBlock(2 * channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, 2 C, H // 2, W // 2)."""
        return F.silu(self.block(self.conv(x)))


class Up(nn.Module):
    """A level of the decoder: a residual block, then twice the side (and one more where `odd`), half the channels."""

    def __init__(self, channels: int, odd: bool) -> None:
        super().__init__()
        self.block = ResidualBlock(channels)
        self.conv = nn.ConvTranspose2d(
            channels, channels // 2, 4, stride=2, padding=1, output_padding=int(odd)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C / 2, 2 H, 2 W)."""
        return F.silu(self.conv(F.silu(self.block(x))))


class Encoder(nn.Module):
    r"""$q(z \mid x) = \mathcal N(\mu(x), \mathrm{diag}\,\sigma^2(x))$."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        self.patch = config.patch
        widths, smallest = config.widths, config.sides[-1]
        self.stem = nn.Conv2d(config.channels * config.patch**2, config.width, 3, padding=1)
        self.levels = nn.Sequential(*(Down(channels) for channels in widths[:-1]))
        self.reduce = nn.Conv2d(widths[-1], 2 * widths[-1], 3, stride=2)
        self.hidden = nn.Linear(2 * widths[-1] * ((smallest - 1) // 2) ** 2, config.hidden)
        self.out = nn.Linear(config.hidden, 2 * config.latent_dim)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures (N, C, H, W) in [-1, 1] -> mean and log variance, each (N, latent_dim)."""
        x = self.levels(F.silu(self.stem(F.pixel_unshuffle(images, self.patch))))
        x = F.silu(self.reduce(x))
        mean, log_variance = self.out(F.silu(self.hidden(x.flatten(1)))).chunk(2, dim=1)
        return mean, log_variance.clamp(-12, 8)


class Decoder(nn.Module):
    r"""$p(x \mid z)$: the logit of each value's mean, an independent Bernoulli by the usual licence."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        self.patch, self.smallest = config.patch, config.sides[-1]
        widths, sides = config.widths, config.sides
        self.hidden = nn.Linear(config.latent_dim, config.hidden)
        self.stem = nn.Linear(config.hidden, widths[-1] * self.smallest**2)
        pairs = zip(widths[:0:-1], sides[-2::-1], strict=True)
        self.levels = nn.Sequential(*(Up(channels, odd=side % 2 == 1) for channels, side in pairs))
        self.out = nn.Conv2d(config.width, config.channels * config.patch**2, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        """Codes (N, latent_dim) -> logits (N, C, H, W); their sigmoid is the brightness in [0, 1]."""
        x = self.stem(F.silu(self.hidden(z))).view(len(z), self.smallest, self.smallest, -1)
        x = self.levels(x.permute(0, 3, 1, 2))  # channels last in memory
        return F.pixel_shuffle(self.out(x), self.patch)


def reparameterise(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    r"""$z = \mu + \sigma\,\epsilon$: a sample of $q(z \mid x)$ through which gradients flow (Kingma, Welling 2014)."""
    return mean + torch.exp(log_variance / 2) * noise
