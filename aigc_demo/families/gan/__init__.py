"""A class-conditional GAN: the objective of R3GAN (Huang et al. 2024, arXiv:2501.05441) on
small residual networks.

Serves the tasks image and latent. A run folder holds both networks, so that the app can show what the
discriminator thinks of a picture. The task upscale is served by the generator of another GAN, Real-ESRGAN's.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from aigc_demo.models.cards import ModelCard
from aigc_demo.models.placement import Placement

if TYPE_CHECKING:
    from aigc_demo.families.gan.model import GAN
    from aigc_demo.families.upscaler.model import Upscaler


def load(folder: Path, device: str) -> "GAN":
    """The GAN of a run folder, on `device`; an InputError where files are missing or do not fit."""
    from aigc_demo.families.gan.model import GAN

    return GAN(folder, device)


def load_pretrained(card: ModelCard, placement: Placement) -> "Upscaler":
    """The super-resolution network of a card whose kind is upscaler, which came from elsewhere."""
    from aigc_demo.families.upscaler.model import Upscaler

    return Upscaler(card.folder, placement.device, placement.sliced)


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


def write_debug_upscaler(folder: Path, seed: int = 0, scale: int = 4) -> None:
    """Write a tiny untrained super-resolution network."""
    from dataclasses import asdict

    import torch

    from aigc_demo.families.upscaler.networks import CompactUpscaler, UpscalerConfig
    from aigc_demo.models.checkpoints import save_weights

    torch.manual_seed(seed)
    config = UpscalerConfig(width=4, depth=2, scale=scale)
    save_weights(folder, CompactUpscaler(config).state_dict(), {"family": "gan", "network": asdict(config)})
