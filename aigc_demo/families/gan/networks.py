"""Generator and discriminator: small residual networks without normalisation, conditioned on a class.

Pictures are handled at half their side and below: a space-to-depth step puts each 2 x 2 patch of pixels into the
channels of one, which loses nothing and quarters the cost of every convolution. From there sides halve until they
are 8 or less; the channels double with each halving, up to four times the first.
"""

from dataclasses import asdict, dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class GANConfig:
    """Sizes of both networks: `width` channels at half the picture's side; `head` is D's last hidden layer.

    Pictures are `side` x `side`, a multiple of 4 from 28 to 128, with `channels` 1 (grey) or 3 (colour). A
    ValueError where a size is none of these, or larger than any use (files may come from strangers).
    """

    classes: int = 10
    latent_dim: int = 64
    w_dim: int = 128
    width: int = 32
    head: int = 256
    side: int = 28
    channels: int = 1

    def __post_init__(self) -> None:
        for name, size in asdict(self).items():
            if not isinstance(size, int) or not 1 <= size <= 1024:
                raise ValueError(f"{name} is {size}, not a number from 1 to 1024")
        if self.side not in range(28, 129, 4) or self.channels not in (1, 3):
            raise ValueError(f"pictures of {self.side} x {self.side} x {self.channels}")

    def levels(self) -> list[tuple[int, int]]:
        """(side, channels) of every level, the largest first: 28 -> (14, w), (7, 2 w); 64 -> 32, 16, 8."""
        sides = [self.side // 2]
        while sides[-1] > 8:
            sides.append((sides[-1] + 1) // 2)
        return [(side, self.width * min(2**level, 4)) for level, side in enumerate(sides)]


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
        levels = config.levels()[::-1]
        self.sides = [side for side, _ in levels]
        widths = [channels for _, channels in levels]
        self.stem = nn.Linear(config.w_dim, widths[0] * self.sides[0] ** 2)
        self.blocks = nn.ModuleList(ResidualBlock(width, config.w_dim) for width in widths)
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(coarse, fine, 4, stride=2, padding=1) for coarse, fine in pairwise(widths)
        )
        self.out = nn.Conv2d(config.width, 4 * config.channels, 3, padding=1)
        initialise(self)

    def synthesize(self, w: Tensor) -> Tensor:
        """Style (N, w_dim) -> pictures (N, C, H, W) in [-1, 1]."""
        x = self.stem(w).view(len(w), self.sides[0], self.sides[0], -1).permute(0, 3, 1, 2)  # channels last
        x = self.blocks[0](x, w)
        for side, up, block in zip(self.sides[1:], self.ups, self.blocks[1:], strict=True):
            x = block(up(x)[..., :side, :side], w)  # an odd side is cut out of the even one above it
        x = self.out(F.leaky_relu(x, 0.2))
        return torch.tanh(F.pixel_shuffle(x, 2))

    def forward(self, z: Tensor, class_weights: Tensor, truncation_psi: float = 1.0) -> Tensor:
        r"""Pictures (N, C, H, W) of $\bar w_c + \psi\,(w - \bar w_c)$; $\psi = 0$ is the class's mean style."""
        w = self.mapping(z, class_weights)
        if truncation_psi != 1:
            w = torch.lerp(class_weights @ self.w_mean, w, truncation_psi)
        return self.synthesize(w)


class Discriminator(nn.Module):
    r"""$D(x, c) = b + v^\top h(x) + e_c^\top h(x)$, a logit (projection, Miyato and Koyama 2018)."""

    def __init__(self, config: GANConfig) -> None:
        super().__init__()
        sides, widths = zip(*config.levels(), strict=True)
        self.stem = nn.Conv2d(4 * config.channels, widths[0], 3, padding=1)
        self.downs = nn.ModuleList(
            nn.Conv2d(fine, coarse, 4, stride=2, padding=1) for fine, coarse in pairwise(widths)
        )
        self.blocks = nn.ModuleList(ResidualBlock(width) for width in widths[1:])
        self.reduce = nn.Conv2d(widths[-1], 2 * widths[-1], 3, stride=2)
        self.head = nn.Linear(2 * widths[-1] * ((sides[-1] - 1) // 2) ** 2, config.head)
        self.logit = nn.Linear(config.head, 1)
        self.embedding = nn.Parameter(torch.randn(config.classes, config.head) / config.head**0.5)
        initialise(self)

    def forward(self, images: Tensor, class_weights: Tensor) -> Tensor:
        """Pictures (N, C, H, W) in [-1, 1], rows of class weights (N, K) -> logits (N,)."""
        x = F.leaky_relu(self.stem(F.pixel_unshuffle(images, 2)), 0.2)
        for down, block in zip(self.downs, self.blocks, strict=True):
            if x.shape[-1] % 2:
                x = F.pad(x, (0, 1, 0, 1))
            x = block(down(x))
        x = F.leaky_relu(self.reduce(F.leaky_relu(x, 0.2)), 0.2)
        h = F.leaky_relu(self.head(x.flatten(1)), 0.2)
        return self.logit(h).squeeze(1) + (h * (class_weights @ self.embedding)).sum(1)

    def layers(self) -> list[nn.Module]:
        """What freeze-D may freeze, from the pixels inwards: the stem, then each halving with its block."""
        halvings = zip(self.downs, self.blocks, strict=True)
        return [self.stem, *(nn.ModuleList(pair) for pair in halvings), self.reduce, self.head]
