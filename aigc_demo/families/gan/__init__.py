"""A class-conditional GAN: the objective of R3GAN (Huang et al. 2024, arXiv:2501.05441) on
small residual networks.

Serves the tasks image and latent. A run folder holds both networks, so that the app can show what the
discriminator thinks of a picture.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from aigc_demo.core.words import Text
from aigc_demo.models.family import PICTURE_LIMITS, Family, Training

if TYPE_CHECKING:
    from aigc_demo.families.gan.model import GAN

FAMILY = Family(
    "gan",
    Text("GAN", "GAN"),
    reads="pictures",
    tasks=("image", "latent"),
    trains={"full": Training("pytorch", ("size", "frozen_layers", "augment", "gradient_penalty"))},
    sizes=("tiny", "small", "base"),
    pipeline_tag="unconditional-image-generation",
    curves={
        "losses": (("generator_loss", 1, False), ("discriminator_loss", 2, False)),
        "accuracy": (("discriminator_accuracy", 2, False), ("held_out_accuracy", 2, True)),
        "scores": (("real_logit", 2, False), ("fake_logit", 1, False)),
        "variety": (("diversity", 3, False), ("nearest_ratio", 4, False)),
    },
    limits=PICTURE_LIMITS,
)


def load(folder: Path, device: str) -> "GAN":
    """The GAN of a run folder, on `device`; an InputError where files are missing or do not fit."""
    from aigc_demo.families.gan.model import GAN

    return GAN(folder, device)


def write_debug_model(
    folder: Path, seed: int = 0, side: int = 28, channels: int = 1, classes: int = 10
) -> None:
    """Write a tiny untrained GAN, through the path that training saves by."""
    from dataclasses import replace

    import torch

    from aigc_demo.families.gan.export import export
    from aigc_demo.families.gan.networks import Discriminator, Generator
    from aigc_demo.families.gan.train import SIZES

    torch.manual_seed(seed)
    names = [str(label) for label in range(classes)] if classes > 1 else ["all"]
    shape = (8, side, side) if channels == 1 else (8, side, side, channels)
    data = {
        "test_images": torch.zeros(shape, dtype=torch.uint8),
        "test_labels": torch.arange(8) % classes,
        "classes": {"en": names, "zh": names if classes > 1 else ["全部"]},
    }
    config = replace(SIZES["tiny"][0], side=side, channels=channels, classes=classes)
    export(folder, data, Generator(config), Discriminator(config), final=True)
