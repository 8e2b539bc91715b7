"""A convolutional VAE (Kingma and Welling 2014) with a density fitted to its codes afterwards.

Serves the tasks image, latent and reconstruct; the last includes taking noise away (Im et al. 2017). The autoencoders
of diffusion models are here too (hub_autoencoder.py): a latent space of pictures of any kind.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import PICTURE_LIMITS, Family, Goal, Kind, Training
from aigc_demo.models.placement import Placement

if TYPE_CHECKING:
    from aigc_demo.families.vae.hub_autoencoder import HubAutoencoder
    from aigc_demo.families.vae.model import VAE

FAMILY = Family(
    "vae",
    Text("VAE", "VAE"),
    reads="pictures",
    tasks=("image", "latent", "reconstruct"),
    trains={"full": Training("pytorch", ("size", "augment", "kl_weight", "adversarial_weight"))},
    sizes=("tiny", "small", "base"),
    kinds={"autoencoder": Kind(("latent",), ("diffusers",), room="frames")},
    pipeline_tag="image-to-image",
    curves={
        "loss": (("loss", 1, False), ("held_out_loss", 1, True)),
        "reconstruction": (("reconstruction", 2, False), ("held_out_reconstruction", 2, True)),
        "kl": (("kl", 3, False), ("held_out_kl", 3, True)),
        "units": (("active_units", 4, False),),
        "accuracy": (("told_apart", 2, False),),
    },
    limits=PICTURE_LIMITS,
    goal=Goal("elbo_nats", "held_out_loss", lower=False),
)


def load(folder: Path, device: str) -> "VAE":
    """The VAE of a run folder, on `device`; an InputError where files are missing or do not fit."""
    from aigc_demo.families.vae.model import VAE

    return VAE(folder, device)


def load_pretrained(card: ModelCard, placement: Placement) -> "HubAutoencoder":
    """The autoencoder of a checked folder, where `placement` says; an InputError where its files do not fit."""
    from aigc_demo.families.vae.hub_autoencoder import HubAutoencoder

    return HubAutoencoder(card, placement)


def write_debug_model(
    folder: Path, seed: int = 0, side: int = 28, channels: int = 1, classes: int = 10
) -> None:
    """Write a tiny untrained VAE, through the path that training saves by."""
    import torch

    from aigc_demo.families.vae.export import export, fit_latents
    from aigc_demo.families.vae.networks import Decoder, Encoder, VAEConfig

    torch.manual_seed(seed)
    config = VAEConfig(width=8, hidden=64, side=side, channels=channels)
    names = [str(label) for label in range(classes)] if classes > 1 else ["all"]
    shape = (200, side, side) if channels == 1 else (200, side, side, channels)
    data = {
        "train_images": torch.randint(256, shape).byte(),
        "train_labels": torch.arange(200) % classes,
        "classes": {"en": names, "zh": names if classes > 1 else ["全部"]},
    }
    encoder, decoder = Encoder(config), Decoder(config)
    latents = fit_latents(encoder, data, components=2, seed=seed)
    export(folder, config, encoder, decoder, latents, data["classes"], noise=1.0)
