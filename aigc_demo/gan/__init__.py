"""A class-conditional GAN: the objective of R3GAN (Huang et al. 2024, arXiv:2501.05441) on
small residual networks.

Serves the tasks image and latent. A run folder holds both networks, so that the app can show what the
discriminator thinks of a picture.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aigc_demo.gan.model import GAN


def load(folder: Path, device: str) -> "GAN":
    """The GAN of a run folder, on `device`; an InputError where files are missing or do not fit."""
    from aigc_demo.gan.model import GAN

    return GAN(folder, device)


def write_debug_model(folder: Path, seed: int = 0) -> None:
    """Write a tiny untrained GAN of ten classes, through the path that training saves by."""
    import torch

    from aigc_demo.gan.export import export
    from aigc_demo.gan.networks import Discriminator, Generator
    from aigc_demo.gan.train import SIZES

    torch.manual_seed(seed)
    names = [str(digit) for digit in range(10)]
    data = {
        "test_images": torch.zeros(8, 28, 28, dtype=torch.uint8),
        "test_labels": torch.arange(8),
        "classes": {"en": names, "zh": names},
    }
    config = SIZES["tiny"][0]
    export(folder, data, Generator(config), Discriminator(config), final=True)
