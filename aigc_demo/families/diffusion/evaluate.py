r"""How good a painter is on pictures that were held out: `python -m aigc_demo.families.diffusion.evaluate --model DIR --data DIR`.

The loss by share of noise tells how much of the flow is learnt. What comes of it is told by two sets of pictures, samples
of held-out captions and pictures that were held out: the Fréchet distance of their features

$$\lVert \mu_1 - \mu_2 \rVert^2 + \mathrm{tr}\bigl(C_1 + C_2 - 2\,(C_1 C_2)^{1/2}\bigr)$$

(Heusel et al. 2017), beside that of one half of the held-out pictures to the other, which is what chance alone makes; and
precision and recall: the share of samples that lie among the pictures, and of pictures among the samples, where a set is
the balls around its members that reach to the third neighbour (Kynkäänniemi et al. 2019). The features are those of a
network of random weights, always the same (Naeem et al. 2020, section 4.3): no judge has to be trained or fetched, and the
figures can be compared with each other alone. They are no FID.
"""

import argparse
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aigc_demo.data.material import Captioned, of_others, open_material
from aigc_demo.families.diffusion.flow import noise_levels, solve
from aigc_demo.families.diffusion.losses import flow_loss, interpolate
from aigc_demo.families.diffusion.painter import OwnPainter, stacked
from aigc_demo.metrics.features import frechet, inside
from aigc_demo.metrics.least import enough
from aigc_demo.metrics.pictures import nearest
from aigc_demo.models.pixels import to_uint8

MEASURED, SEEN, SHOWN = 256, 2000, 8
RANGES, FEATURES = 4, 64


def evaluate(folder: Path, data: Path, device: str, count: int = MEASURED) -> dict[str, Any]:
    """The figures of a run folder on what its data hold out, `count` pictures at most; none of too few to tell.

    held_out_loss and held_out_range_1 ... 4: the loss, and for t in each quarter of [0, 1]. other_words_loss: with the
    caption of another picture. fd_local, fd_ratio, precision, recall: see above, by guidance and steps of the model's own.
    """
    material = open_material(data)
    held_out = material.held_out(count)
    if not enough(held_out.captions):
        return {}
    model = OwnPainter(folder, device)
    drawn, real = samples(model, held_out.captions), held_out.pictures
    figures = {**losses(model, held_out), **likeness(drawn, real), "held_out_pictures": len(held_out)}
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}


@torch.inference_mode()
def losses(model: OwnPainter, held_out: Captioned) -> dict[str, float]:
    """The mean loss of each range of t, over all, and with another picture's words; every picture in every range."""
    clean = held_out.pictures.float() / 127.5 - 1
    generator = torch.Generator().manual_seed(0)
    others = of_others(held_out.captions)
    found: dict[str, list[float]] = {"own": [], "other": []}
    for index in range(RANGES):
        times = (index + torch.rand(len(clean), generator=generator)) / RANGES
        noise = torch.randn(clean.shape, generator=generator)
        for name, captions in (("own", held_out.captions), ("other", others)):
            found[name].append(float(mean_loss(model, clean, captions, times, noise)))
    return {
        "held_out_loss": sum(found["own"]) / RANGES,
        **{f"held_out_range_{index + 1}": value for index, value in enumerate(found["own"])},
        "other_words_loss": sum(found["other"]) / RANGES,
    }


def mean_loss(model: OwnPainter, clean: Tensor, captions: list[str], times: Tensor, noise: Tensor) -> Tensor:
    """The mean loss of pictures (N, 3, S, S) in [-1, 1] with these captions, shares of noise and noise."""
    found = []
    for start in range(0, len(clean), 32):
        rows = slice(start, start + 32)
        x, e, t = (part[rows].to(model.device) for part in (clean, noise, times))
        words = model.read(captions[rows])
        output = model.network(interpolate(x, e, t).to(model.dtype), t, words)
        found.append(flow_loss(output, x, e).cpu())
    return torch.cat(found).mean()


@torch.inference_mode()
def samples(
    model: OwnPainter, captions: list[str], seed: int = 0, steps: int = 0, guidance: float = -1.0
) -> Tensor:
    """A picture of each caption, uint8 (N, 3, S, S), by the model's own steps and guidance unless told otherwise."""
    generator = torch.Generator().manual_seed(seed)
    levels = noise_levels(steps or model.steps)
    scale = model.guidance if guidance < 0 else guidance
    found = []
    for start in range(0, len(captions), model.at_once):
        part = captions[start : start + model.at_once]
        noise = torch.randn(len(part), 3, model.side, model.side, generator=generator).to(model.device)
        words = model.read(part)
        if scale != 1:
            words = stacked(words, model.read([""] * len(part)))
        pictures = solve(model.velocity(words, scale), noise, levels)
        found.append(to_uint8(pictures).movedim(3, 1))
    return torch.cat(found)


def likeness(drawn: Tensor, real: Tensor) -> dict[str, float]:
    """fd_local and fd_ratio, precision and recall of pictures uint8 (N, 3, S, S), drawn to the captions of N real ones.

    The drawn of one half of the captions against the real of the other half, so that no caption is on both sides.
    """
    features = RandomFeatures()
    samples, (half, pictures) = features(drawn[::2]), (features(real[place::2]) for place in (0, 1))
    distance = frechet(samples, pictures)
    return {
        "fd_local": distance,
        "fd_ratio": distance / max(frechet(half, pictures), 1e-9),
        "precision": inside(samples, pictures),
        "recall": inside(pictures, samples),
    }


class RandomFeatures(nn.Module):
    """Features (N, 64) of pictures by convolutions with random weights, drawn from a fixed seed; nothing is trained."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        widths = (3, 32, 64, FEATURES)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(widths))
        for layer in self.layers:
            fan = layer.weight[0].numel()
            layer.weight.data = torch.randn(layer.weight.shape, generator=generator) * (2 / fan) ** 0.5
            layer.bias.data.zero_()

    @torch.inference_mode()
    def forward(self, pictures: Tensor) -> Tensor:
        """uint8 (N, 3, S, S) -> (N, 64): each channel's mean over the picture, at the last layer."""
        x = pictures.float() / 127.5 - 1
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x.mean((2, 3))


def nearest_seen(drawn: Tensor, seen: Captioned) -> tuple[Tensor, list[str]]:
    """For pictures uint8 (N, 3, S, S) the nearest of those seen in training, by pixels, and their captions."""
    flat = [part.flatten(1).float() for part in (drawn, seen.pictures)]
    _, places = nearest(*flat, 1)
    return seen.pictures[places[:, 0]], [seen.captions[place] for place in places[:, 0].tolist()]


def main() -> None:
    """Print the figures of a model as JSON, and beside eight of its pictures the nearest of those it may have seen."""
    parser = argparse.ArgumentParser(description=evaluate.__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=MEASURED)
    parser.add_argument("--device", default="cpu")
    asked = parser.parse_args()
    figures = evaluate(asked.model, asked.data, asked.device, asked.count)
    model, material = OwnPainter(asked.model, asked.device), open_material(asked.data)
    captions = material.held_out(SHOWN).captions
    seen = material.draw(SEEN, torch.Generator().manual_seed(1))
    _, found = nearest_seen(samples(model, captions), seen)
    pairs = [{"asked": a, "nearest of 2000 seen": b} for a, b in zip(captions, found, strict=True)]
    print(json.dumps({**figures, "nearest": pairs}, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
