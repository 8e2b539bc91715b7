"""Figures of a trained VAE for its card, measured on pictures that it has not learnt from."""

from pathlib import Path

import torch
from torch import Tensor

from aigc_demo.data import images
from aigc_demo.families.vae.losses import negative_elbo
from aigc_demo.families.vae.model import VAE
from aigc_demo.families.vae.networks import reparameterise
from aigc_demo.metrics.least import enough
from aigc_demo.metrics.pictures import active_units, peak_signal_to_noise, reconstruction_error
from aigc_demo.models.damage import add_noise, cut, halve, holes, keep_small, keep_surroundings, shrink
from aigc_demo.models.pixels import to_float

MEASURED = 1000  # pictures at most, which takes seconds


def evaluate(folder: Path, data: Path, device: str) -> dict[str, float | int | str]:
    """The figures of the VAE in a run folder, on the held-out pictures of a prepared data set, first 1000 at most.

    In nats a picture, one sample of z each: `elbo_nats` = - `reconstruction_nats` - `kl_nats`. From mean codes:
    `squared_error` a value in [0, 1], `active_units` of `latent_dim`. In dB (peak signal-to-noise), damaged and
    repaired: pictures at half the resolution (damaged: enlarged by bicubic interpolation), with a hole, and with noise of
    a standard deviation of a quarter of the range. `measured_on` tells what was held out: without
    held-out pictures it is "training", and the figures flatter. None of them of too few pictures to tell.
    """
    arrays = images.load(data)
    split = "test" if len(arrays["test_images"]) else "train"
    pictures = to_float(arrays[f"{split}_images"][:MEASURED])
    if not enough(pictures):
        return {}
    model = VAE(folder, device)
    return {
        **measure(model, pictures),
        **repairs(model, pictures),
        "latent_dim": model.latent_dim,
        "pictures": len(pictures),
        "measured_on": {"test": "held-out", "train": "training"}[split],
    }


@torch.inference_mode()
def repairs(model: VAE, pictures: Tensor, seed: int = 0) -> dict[str, float]:
    """How near damaged pictures and their repairs come to the pictures (N, C, H, W) in [-1, 1], in dB."""
    generator, small = torch.Generator().manual_seed(seed), shrink(pictures)
    inside = holes(len(pictures), pictures.shape[-1], generator)
    holed, noisy = cut(pictures, inside), add_noise(pictures, 0.5, generator)
    halved = halve(pictures)
    pairs = {
        "halved": (halved, keep_small(model.reconstruct(halved), small)),
        "hole": (holed, keep_surroundings(model.reconstruct(holed), holed, inside)),
        "noise": (noisy, model.reconstruct(noisy)),
    }
    targets = (pictures + 1) / 2
    return {
        f"{name}_{state}_db": round(peak_signal_to_noise(targets, (made + 1) / 2), 2)
        for name, pair in pairs.items()
        for state, made in zip(("damaged", "repaired"), pair, strict=True)
    }


@torch.inference_mode()
def measure(model: VAE, pictures: Tensor, seed: int = 0) -> dict[str, float | int]:
    """ELBO and its terms, squared error and active units of pictures (N, C, H, W) in [-1, 1]."""
    mean, log_variance = model.encode(pictures)
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(seed))
    z, targets = reparameterise(mean, log_variance, noise), (pictures + 1) / 2
    brightness = (model.decode(z) + 1) / 2
    _, distortion, kl = (
        term.item() for term in negative_elbo(brightness.logit(1e-6), targets, mean, log_variance, beta=1.0)
    )
    return {
        "elbo_nats": round(-distortion - kl, 2),
        "reconstruction_nats": round(distortion, 2),
        "kl_nats": round(kl, 2),
        "squared_error": round(reconstruction_error(targets, (model.decode(mean) + 1) / 2), 5),
        "active_units": active_units(mean),
    }
