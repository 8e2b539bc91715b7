r"""The network: residual blocks of 3 x 3 convolutions, each level at half the side, then two layers that see all places.

$p(c \mid x) = \mathrm{softmax}_c(W h(x) + b)$, where $h(x)$, the features, is the layer before the last.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class ClassifierConfig:
    """Sizes: `width` channels at half the picture's side, doubled at each further halving, up to four times; `hidden` features.

    Pictures are `side` x `side`, a multiple of 4 from 28 to 128, with `channels` 1 (grey) or 3 (colour). A ValueError
    where a size is none of these, or larger than any use (files may come from strangers).
    """

    classes: int = 10
    width: int = 24
    hidden: int = 64
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


class ResidualBlock(nn.Module):
    r"""$\phi(x + C_2\,\phi(C_1 x))$ with 3 x 3 convolutions and the rectifier $\phi$, no normalisation.

    $C_2$ starts at zero, so that at the start the block is the identity and depth costs no stability (Zhang, Dauphin and
    Ma 2019, Fixup). A picture's odds do not depend on the batch that it came in.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = convolution(channels, channels)
        self.conv2 = convolution(channels, channels)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return F.relu(x + self.conv2(F.relu(self.conv1(x))))


class Level(nn.Module):
    """A convolution to `after` channels, at half the side where `halved`, then a residual block."""

    def __init__(self, before: int, after: int, halved: bool) -> None:
        super().__init__()
        self.conv = convolution(before, after, stride=2 if halved else 1)
        self.block = ResidualBlock(after)

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, after, H, W), or half of each side."""
        return self.block(F.relu(self.conv(x)))


def convolution(before: int, after: int, stride: int = 1, padding: int = 1) -> nn.Conv2d:
    """3 x 3, from He's start (2015): what a rectifier lets through keeps its variance."""
    layer = nn.Conv2d(before, after, 3, stride=stride, padding=padding)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
    return layer


class Network(nn.Module):
    """Pictures to logits, by way of features."""

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self.config = config
        sides, widths = zip(*config.levels(), strict=True)
        # each 2 x 2 patch of pixels goes into the channels of one place, which loses nothing and quarters the cost
        pairs = zip([4 * config.channels, *widths], widths, strict=False)
        self.levels = nn.ModuleList(
            Level(before, after, halved=place > 0) for place, (before, after) in enumerate(pairs)
        )
        self.reduce = convolution(widths[-1], config.hidden, stride=2, padding=0)
        self.hidden = nn.Linear(config.hidden * ((sides[-1] - 1) // 2) ** 2, config.hidden)
        self.head = nn.Linear(config.hidden, config.classes)

    def features(self, images: Tensor) -> Tensor:
        """Pictures (N, C, H, W) in [-1, 1] -> features $h(x)$ (N, hidden)."""
        return self.impression(images)[:, -self.config.hidden :]

    def impression(self, images: Tensor) -> Tensor:
        """What every level sees on the mean over places, and the features behind it: (N, D)."""
        x, means = F.pixel_unshuffle(images, 2), []
        for level in self.levels:
            x = level(x)
            means.append(x.mean(dim=(2, 3)))
        return torch.cat([*means, F.relu(self.hidden(F.relu(self.reduce(x)).flatten(1)))], dim=1)

    def forward(self, images: Tensor) -> Tensor:
        """Pictures (N, C, H, W) in [-1, 1] -> logits (N, K)."""
        return self.head(self.features(images))

    def layers(self) -> list[nn.Module]:
        """What can keep what it knows while the rest learns, from the pixels inwards; the head always learns."""
        return [*self.levels, self.reduce, self.hidden]


def odds(logits: Tensor, temperature: float) -> Tensor:
    r"""$\mathrm{softmax}(z / T)$, (N, K) float32, of logits (N, K)."""
    return torch.softmax(logits.float() / temperature, dim=1)
