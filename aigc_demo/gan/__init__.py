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

    from aigc_demo.gan.train import SIZES, Players, TrainPlan, export

    torch.manual_seed(seed)
    names = [str(digit) for digit in range(10)]
    data = {
        "test_images": torch.zeros(8, 28, 28),
        "test_labels": torch.arange(8),
        "classes": {"en": names, "zh": names},
    }
    players = Players(*SIZES["tiny"])
    plan = TrainPlan(data, folder, "tiny", steps=0, seed=seed, save_every=1)
    export(plan, SIZES["tiny"][0], players.average.network, players.discriminator)
