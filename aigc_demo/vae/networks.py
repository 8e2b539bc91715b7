"""Encoder and decoder of a convolutional VAE for 28 x 28 pictures; neither sees a label."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class VAEConfig:
    """Sizes: `width` channels at 14 x 14, twice as many at 7 x 7; `hidden` units beside the latent."""

    latent_dim: int = 16
    width: int = 32
    hidden: int = 512


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


class Encoder(nn.Module):
    r"""$q(z \mid x) = \mathcal N(\mu(x), \mathrm{diag}\,\sigma^2(x))$."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        self.stem = nn.Conv2d(4, config.width, 3, padding=1)
        self.down = nn.Conv2d(config.width, 2 * config.width, 4, stride=2, padding=1)
        self.block = ResidualBlock(2 * config.width)
        self.reduce = nn.Conv2d(2 * config.width, 4 * config.width, 3, stride=2)
        self.hidden = nn.Linear(4 * config.width * 3 * 3, config.hidden)
        self.out = nn.Linear(config.hidden, 2 * config.latent_dim)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures (N, 1, 28, 28) in [-1, 1] -> mean and log variance, each (N, latent_dim)."""
        x = F.silu(self.stem(F.pixel_unshuffle(images, 2)))
        x = F.silu(self.reduce(F.silu(self.block(self.down(x)))))
        mean, log_variance = self.out(F.silu(self.hidden(x.flatten(1)))).chunk(2, dim=1)
        return mean, log_variance.clamp(-12, 8)


class Decoder(nn.Module):
    r"""$p(x \mid z)$: the logit of each pixel's mean grey value, an independent Bernoulli by the usual licence."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        self.hidden = nn.Linear(config.latent_dim, config.hidden)
        self.stem = nn.Linear(config.hidden, 2 * config.width * 7 * 7)
        self.block = ResidualBlock(2 * config.width)
        self.up = nn.ConvTranspose2d(2 * config.width, config.width, 4, stride=2, padding=1)
        self.out = nn.Conv2d(config.width, 4, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        """Codes (N, latent_dim) -> logits (N, 1, 28, 28); their sigmoid is the grey value in [0, 1]."""
        x = self.stem(F.silu(self.hidden(z))).view(len(z), 7, 7, -1).permute(0, 3, 1, 2)  # channels last
        x = F.silu(self.up(F.silu(self.block(x))))
        return F.pixel_shuffle(self.out(x), 2)


def reparameterise(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    r"""$z = \mu + \sigma\,\epsilon$: a sample of $q(z \mid x)$ through which gradients flow (Kingma, Welling 2014)."""
    return mean + torch.exp(log_variance / 2) * noise
