r"""Super-resolution by a network as plain as can be: convolutions at the small size, one shuffle at the end.

$$\hat x = \mathrm{nearest}_s(y) + \mathrm{shuffle}_s\big(C_{n+1}\,\phi_n C_n \cdots \phi_0 C_0\,y\big)$$

for a picture $y$ and a scale $s$: the network draws only what differs from repeated pixels. $C_i$ are 3 x 3
convolutions, $\phi_i$ leaky ReLUs with a learned slope a channel (He et al. 2015). $\mathrm{shuffle}_s$ turns
$3 s^2$ channels of one pixel into $s \times s$ pixels (Shi et al. 2016, section 3.2), so that no convolution ever
works at the large size. This is the compact network that Real-ESRGAN (Wang et al. 2021, arXiv:2107.10833) was
published with for animated video.
"""

from dataclasses import asdict, dataclass
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class UpscalerConfig:
    """`width` channels in each of `depth` hidden layers; pictures come out `scale` times as wide and high.

    A ValueError where a size is larger than any use (files may come from strangers).
    """

    width: int = 64
    depth: int = 16
    scale: int = 4

    def __post_init__(self) -> None:
        for (name, size), most in zip(asdict(self).items(), (512, 64, 8), strict=True):
            if not isinstance(size, int) or not 1 <= size <= most:
                raise ValueError(f"{name} is {size}, not a number from 1 to {most}")


class CompactUpscaler(nn.Module):
    """The network of this module's formula; `reach` is how many pixels away a pixel of the input still counts."""

    def __init__(self, config: UpscalerConfig) -> None:
        super().__init__()
        self.scale, self.reach = config.scale, config.depth + 2
        widths = [3, *[config.width] * (config.depth + 1)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1) for before, after in pairwise(widths)
        )
        self.slopes = nn.ModuleList(nn.PReLU(config.width) for _ in self.convolutions)
        self.out = nn.Conv2d(config.width, 3 * config.scale**2, 3, padding=1)

    def forward(self, picture: Tensor) -> Tensor:
        """Pictures (N, 3, H, W) in [0, 1] -> (N, 3, s H, s W), about [0, 1]."""
        x = picture
        for convolution, slope in zip(self.convolutions, self.slopes, strict=True):
            x = slope(convolution(x))
        return F.pixel_shuffle(self.out(x), self.scale) + F.interpolate(picture, scale_factor=self.scale)
