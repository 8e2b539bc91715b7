r"""Colour words that are true: a tile is turned to a colour, and keeps the word only where measuring agrees.

In hue h, saturation s and value v (HSV), a tile's own hue $h_0$ is the direction of $\sum_p s_p v_p e^{i h_p}$ over its
pixels p. Turning it to a colour of hue $h_c$ takes every coloured pixel within 75 degrees of $h_0$ to
$h_c + (h_p - h_0) / 8$, so that light and shade stay and eyes and claws of other hues too; a grey tile is tinted whole.
What is true is measured afterwards: of all pixels that are neither transparent nor nearly black, at least half lie in the
colour's range.
"""

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from aigc_demo.core.words import Text

NEAR, KEPT = (
    75.0,
    1 / 8,
)  # degrees within which a pixel is turned along, and how much of its own difference it keeps
GREY_TILE, GREY_PIXEL = (
    0.15,
    0.15,
)  # share of coloured pixels below which a tile is grey; saturation of a grey pixel
DARK = 0.18  # value below which a pixel is outline
TRUE = 0.5  # of the pixels


@dataclass(frozen=True)
class Colour:
    """A colour word, how a tile is turned to it, and what counts as it.

    hue, spread: degrees; spread 0 for colours without a hue. saturation and value: (factor, offset) by which a pixel's
    own are turned; least and most: ranges (saturation, value) that count.
    """

    words: Text
    hue: float
    spread: float
    saturation: tuple[float, float]
    value: tuple[float, float]
    least: tuple[float, float]
    most: tuple[float, float]


def _colour(en: str, zh: str, hue: float, spread: float = 12.0, **other: tuple[float, float]) -> Colour:
    given = {
        "saturation": (0.5, 0.5), "value": (1.0, 0.04), "least": (0.42, 0.22), "most": (1.01, 1.01),
    }  # fmt: skip
    return Colour(Text(en, zh), hue, spread, **{**given, **other})


COLOURS = (
    _colour("red", "红", 0, value=(0.95, 0.04)),
    _colour("orange", "橙", 27, 9, value=(0.75, 0.25), least=(0.5, 0.62)),
    _colour("golden", "金", 45, 6, saturation=(0.3, 0.65), value=(0.85, 0.15)),
    _colour("yellow", "黄", 58, 6, value=(0.75, 0.25)),
    _colour("green", "绿", 115, 45),
    _colour("cyan", "青", 180, 16),
    _colour("blue", "蓝", 222, 26),
    _colour("purple", "紫", 278, 26),
    _colour(
        "pink", "粉", 335, 25, saturation=(0.25, 0.22), value=(0.5, 0.5), least=(0.12, 0.45), most=(0.6, 1.01)
    ),
    _colour(
        "brown",
        "棕",
        27,
        16,
        saturation=(0.2, 0.45),
        value=(0.6, 0.05),
        least=(0.25, 0.15),
        most=(0.85, 0.62),
    ),
    _colour(
        "grey", "灰", 0, 0, saturation=(0.0, 0.0), value=(0.6, 0.12), least=(-1, 0.22), most=(0.16, 0.68)
    ),
    _colour(
        "white", "白", 0, 0, saturation=(0.0, 0.0), value=(0.42, 0.58), least=(-1, 0.68), most=(0.16, 1.01)
    ),
)


def to_hsv(rgb: Tensor) -> Tensor:
    """(N, 3, ...) in [0, 1] from red, green, blue to hue in degrees [0, 360), saturation and value in [0, 1]."""
    red, green, blue = rgb.unbind(1)
    value, low = rgb.amax(1), rgb.amin(1)
    chroma = value - low
    safe = chroma.clamp(min=1e-6)
    hue = torch.where(
        value == red,
        (green - blue) / safe % 6,
        torch.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    return torch.stack([60 * hue * (chroma > 0), chroma / value.clamp(min=1e-6), value], 1)


def to_rgb(hsv: Tensor) -> Tensor:
    """The inverse of `to_hsv`."""
    hue, saturation, value = hsv.unbind(1)
    turned = [(offset + hue / 60) % 6 for offset in (5, 3, 1)]
    return torch.stack([value - value * saturation * torch.minimum(k, 4 - k).clamp(0, 1) for k in turned], 1)


def _column(index: int, part: str) -> Tensor:
    return torch.tensor([getattr(colour, part)[index] for colour in COLOURS])


def repaint(rgb: Tensor, alpha: Tensor, colours: Tensor) -> Tensor:
    """Tiles (N, 3, H, W) in [0, 1] with alpha (N, 1, H, W), each turned to COLOURS[colours[i]]; colours (N,)."""
    hue, saturation, value = to_hsv(rgb).unbind(1)
    colours = colours.view(-1, 1, 1)
    targets = torch.tensor([colour.hue for colour in COLOURS])[colours]
    coloured = (saturation > GREY_PIXEL) & (value > DARK) & (alpha[:, 0] > 0.5)
    seen = ((value > DARK) & (alpha[:, 0] > 0.5)).flatten(1).sum(1).clamp(min=1)
    grey = (coloured.flatten(1).sum(1) < GREY_TILE * seen).view(-1, 1, 1)
    away = (hue - _own_hue(hue, saturation * value * coloured) + 180) % 360 - 180
    plain = (torch.tensor([colour.spread for colour in COLOURS]) == 0)[colours]
    turns = grey | (plain & (saturation >= 0)) | (coloured & (away.abs() < NEAR))
    kept = torch.where(grey, torch.zeros_like(away), away * KEPT)
    factor, offset = (_column(i, "saturation")[colours] for i in (0, 1))
    strength = torch.where(grey, torch.full_like(saturation, 0.5), saturation)
    scale, lift = (_column(i, "value")[colours] for i in (0, 1))
    lift = lift * (value > DARK)  # an outline stays dark
    turned = torch.stack(
        [
            (targets + kept) % 360,
            (factor * strength + offset).clamp(0, 1),
            (scale * value + lift).clamp(0, 1),
        ],
        1,
    )
    return torch.where(turns[:, None], to_rgb(turned), rgb)


def _own_hue(hue: Tensor, weight: Tensor) -> Tensor:
    """The direction of the weighted sum of unit vectors, (N, 1, 1) in degrees."""
    angle = torch.deg2rad(hue)
    sine, cosine = ((weight * part).flatten(1).sum(1) for part in (angle.sin(), angle.cos()))
    return torch.rad2deg(torch.atan2(sine, cosine)).view(-1, 1, 1)


def is_colour(rgb: Tensor, alpha: Tensor, place: int) -> Tensor:
    """Whether tiles truly are COLOURS[place], (N,) bool."""
    return _shares(rgb, alpha, COLOURS[place : place + 1])[:, 0] >= TRUE


def _shares(rgb: Tensor, alpha: Tensor, colours: Sequence[Colour]) -> Tensor:
    """What share of a tile's pixels is of each colour, (N, colours); transparent and nearly black ones do not count."""
    hue, saturation, value = to_hsv(rgb).unbind(1)
    counts = (value > DARK) & (alpha[:, 0] > 0.5)
    total = counts.flatten(1).sum(1).clamp(min=1)
    found = []
    for colour in colours:
        inside = counts & (saturation >= colour.least[0]) & (value >= colour.least[1])
        inside &= (saturation < colour.most[0]) & (value < colour.most[1])
        if colour.spread:
            inside &= ((hue - colour.hue + 180) % 360 - 180).abs() <= colour.spread
        found.append(inside.flatten(1).sum(1) / total)
    return torch.stack(found, 1)


def named(rgb: Tensor, alpha: Tensor) -> Tensor:
    """Which colour tiles truly are, (N,), by its place in COLOURS; -1 where none makes half of them."""
    share, place = _shares(rgb, alpha, COLOURS).max(1)
    return torch.where(share >= TRUE, place, -1)


def swatch(colour: Colour) -> tuple[int, int, int]:
    """A plain patch of a colour, for the page: red, green, blue of 0 to 255."""
    saturation = min(1.0, colour.saturation[0] * 0.7 + colour.saturation[1])
    value = min(1.0, colour.value[0] * 0.8 + colour.value[1])
    red, green, blue = colorsys.hsv_to_rgb(colour.hue / 360, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)
