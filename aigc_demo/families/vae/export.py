"""What the app uses of a VAE: both networks in half precision, a mixture a class, some training codes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aigc_demo.families.vae.density import Mixture, fit_classes
from aigc_demo.families.vae.networks import Decoder, Encoder, VAEConfig
from aigc_demo.models.checkpoints import save_weights
from aigc_demo.models.pixels import to_float

SHOWN_CODES = 200  # training codes a class that are stored for "the nearest training pictures"
GLANCE_PIXELS, GLANCE_STEPS = 400_000, 5  # for a density at a glance: pixels that are encoded, steps of EM


@dataclass(frozen=True)
class Latents:
    """Codes (N, latent_dim) of training pictures with their labels (N,), and a mixture for each class fitted to them."""

    codes: Tensor
    labels: Tensor
    density: list[Mixture]


def fit_latents(
    encoder: Encoder, data: Mapping[str, Any], components: int, seed: int, glance: bool = False
) -> Latents:
    """Codes and density of all training pictures; at a glance, of some and in few steps.

    `data` is what `aigc_demo.data.images.load` returns.
    """
    images, labels, classes = data["train_images"], data["train_labels"].long(), len(data["classes"]["en"])
    steps = 100
    if glance:
        count = max(GLANCE_PIXELS // (images.shape[1] * images.shape[2]), 64)
        some = some_of_each(labels, classes, max(count // classes, 2))
        images, labels, steps = images[some], labels[some], GLANCE_STEPS
    codes = encode(encoder, images)
    return Latents(codes, labels, fit_classes(codes, labels, classes, components, seed, steps))


def export(
    folder: Path,
    config: VAEConfig,
    encoder: Encoder,
    decoder: Decoder,
    latents: Latents,
    classes: Mapping[str, list[str]],
    noise: float,
) -> None:
    """Write config.json and model.safetensors.

    The model learnt to take away noise of a deviation up to `noise`, and to repair what else training damages.
    """
    shown = some_of_each(latents.labels, len(classes["en"]), SHOWN_CODES)
    tensors = {
        **{f"encoder.{key}": value.half() for key, value in encoder.state_dict().items()},
        **{f"decoder.{key}": value.half() for key, value in decoder.state_dict().items()},
        **stacked(latents.density),
        "codes": latents.codes[shown].half(),
        "code_labels": latents.labels[shown].to(torch.uint8),
    }
    known = {"classes": classes, "network": asdict(config), "noise": noise, "repairs": ["halved", "hole"]}
    save_weights(folder, tensors, {"family": "vae", **known})


@torch.no_grad()
def encode(encoder: Encoder, images: Tensor) -> Tensor:
    """Mean codes (N, latent_dim) of pictures uint8 (N, H, W[, 3]), on the CPU."""
    device = next(encoder.parameters()).device
    return torch.cat([encoder(to_float(part.to(device)))[0].cpu() for part in images.split(256)])


def some_of_each(labels: Tensor, classes: int, count: int) -> Tensor:
    """Places of the first `count` of each class in labels (N,)."""
    return torch.cat([(labels == label).nonzero()[:count, 0] for label in range(classes)])


def stacked(mixtures: list[Mixture]) -> dict[str, Tensor]:
    """The classes' mixtures as three tensors: weights (C, K), means (C, K, d), lower factors (C, K, d, d)."""
    fields = ("weights", "means", "factors")
    return {f"mixture.{name}": torch.stack([getattr(m, name) for m in mixtures]).float() for name in fields}
