"""Generator and discriminator: small residual networks without normalisation, conditioned on a class.

28 x 28 pictures are handled at 14 x 14 and below: a space-to-depth step puts each 2 x 2 patch of pixels into
four channels, which loses nothing and quarters the cost of every convolution.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class GANConfig:
    """Sizes of both networks: `width` channels at 14 x 14, twice as many at 7 x 7."""

    classes: int = 10
    latent_dim: int = 64
    w_dim: int = 128
    width: int = 32
    head: int = 256


def initialise(network: nn.Module) -> None:
    """Kaiming He's start for leaky ReLU, biases zero, and each residual branch zero at its end (Fixup)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, a=0.2)
            nn.init.zeros_(module.bias)
    for module in network.modules():
        if isinstance(module, ResidualBlock):
            nn.init.zeros_(module.conv2.weight)


class ResidualBlock(nn.Module):
    r"""$x + C_2\,\phi(C_1\,\phi(x))$ with 3 x 3 convolutions and leaky ReLU $\phi$, no normalisation.

    $C_2$ starts at zero, so that at the start the block is the identity and depth costs no stability
    (Zhang, Dauphin and Ma 2019, Fixup; used so by R3GAN). In the generator the style $w$ scales and shifts
    the hidden channels: FiLM, Perez et al. 2018.
    """

    def __init__(self, channels: int, w_dim: int | None = None) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.film = nn.Linear(w_dim, 2 * channels) if w_dim else None

    def forward(self, x: Tensor, w: Tensor | None = None) -> Tensor:
        """(N, C, H, W), style (N, w_dim) or None -> (N, C, H, W)."""
        hidden = self.conv1(F.leaky_relu(x, 0.2))
        if self.film is not None:
            scale, shift = self.film(w)[:, :, None, None].chunk(2, dim=1)
            hidden = hidden * (1 + scale) + shift
        return x + self.conv2(F.leaky_relu(hidden, 0.2))


class Mapping(nn.Module):
    """(z, class) -> style w: a perceptron on z beside the class's embedding (Karras et al. 2019)."""

    def __init__(self, config: GANConfig) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.randn(config.classes, config.latent_dim))
        self.layer1 = nn.Linear(2 * config.latent_dim, config.w_dim)
        self.layer2 = nn.Linear(config.w_dim, config.w_dim)

    def forward(self, z: Tensor, class_weights: Tensor) -> Tensor:
        """(N, latent_dim), rows of class weights (N, K) that sum to 1 -> (N, w_dim)."""
        hidden = self.layer1(torch.cat([z, class_weights @ self.embedding], dim=1))
        return F.leaky_relu(self.layer2(F.leaky_relu(hidden, 0.2)), 0.2)


class Generator(nn.Module):
    """z and class -> picture, by way of a style w that can be pulled to the class's mean (truncation)."""

    def __init__(self, config: GANConfig) -> None:
        super().__init__()
        self.config = config
        self.mapping = Mapping(config)
        self.register_buffer("w_mean", torch.zeros(config.classes, config.w_dim))
        self.stem = nn.Linear(config.w_dim, 2 * config.width * 7 * 7)
        self.block7 = ResidualBlock(2 * config.width, config.w_dim)
        self.up = nn.ConvTranspose2d(2 * config.width, config.width, 4, stride=2, padding=1)
        self.block14 = ResidualBlock(config.width, config.w_dim)
        self.out = nn.Conv2d(config.width, 4, 3, padding=1)
        initialise(self)

    def synthesize(self, w: Tensor) -> Tensor:
        """Style (N, w_dim) -> pictures (N, 1, 28, 28) in [-1, 1]."""
        x = self.stem(w).view(len(w), 7, 7, -1).permute(0, 3, 1, 2)  # channels last in memory
        x = self.up(self.block7(x, w))
        x = self.out(F.leaky_relu(self.block14(x, w), 0.2))
        return torch.tanh(F.pixel_shuffle(x, 2))

    def forward(self, z: Tensor, class_weights: Tensor, truncation_psi: float = 1.0) -> Tensor:
        r"""Pictures (N, 1, 28, 28) of $\bar w_c + \psi\,(w - \bar w_c)$; $\psi = 0$ is the class's mean style."""
        w = self.mapping(z, class_weights)
        if truncation_psi != 1:
            w = torch.lerp(class_weights @ self.w_mean, w, truncation_psi)
        return self.synthesize(w)


class Discriminator(nn.Module):
    r"""$D(x, c) = b + v^\top h(x) + e_c^\top h(x)$, a logit (projection, Miyato and Koyama 2018)."""

    def __init__(self, config: GANConfig) -> None:
        super().__init__()
        self.stem = nn.Conv2d(4, config.width, 3, padding=1)
        self.down = nn.Conv2d(config.width, 2 * config.width, 4, stride=2, padding=1)
        self.block7 = ResidualBlock(2 * config.width)
        self.reduce = nn.Conv2d(2 * config.width, 4 * config.width, 3, stride=2)
        self.head = nn.Linear(4 * config.width * 3 * 3, config.head)
        self.logit = nn.Linear(config.head, 1)
        self.embedding = nn.Parameter(torch.randn(config.classes, config.head) / config.head**0.5)
        initialise(self)

    def forward(self, images: Tensor, class_weights: Tensor) -> Tensor:
        """Pictures (N, 1, 28, 28) in [-1, 1], rows of class weights (N, K) -> logits (N,)."""
        x = F.leaky_relu(self.stem(F.pixel_unshuffle(images, 2)), 0.2)
        x = self.block7(self.down(x))
        x = F.leaky_relu(self.reduce(F.leaky_relu(x, 0.2)), 0.2)
        h = F.leaky_relu(self.head(x.flatten(1)), 0.2)
        return self.logit(h).squeeze(1) + (h * (class_weights @ self.embedding)).sum(1)
