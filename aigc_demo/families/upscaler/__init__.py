"""Super-resolution by the compact network of Real-ESRGAN (Wang et al. 2021, arXiv:2107.10833), a GAN's generator.

Serves the task upscale. Its weights come from a package (convert.py); its cards may name the family gan, as the network
is a part of one: the kind upscaler finds this loader.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import Family, Kind
from aigc_demo.models.placement import Placement

if TYPE_CHECKING:
    from aigc_demo.families.upscaler.model import Upscaler

FAMILY = Family(
    "upscaler",
    Text("Super-resolution", "超分辨率"),
    kinds={"upscaler": Kind(("upscale",), sliced=True, room="fixed")},
)


def load_pretrained(card: ModelCard, placement: Placement) -> "Upscaler":
    """The network of a card of the kind upscaler."""
    from aigc_demo.families.upscaler.model import Upscaler

    return Upscaler(card.folder, placement.device, placement.sliced)


def write_debug_model(folder: Path, seed: int = 0, scale: int = 4) -> None:
    """Write a tiny untrained super-resolution network."""
    from dataclasses import asdict

    import torch

    from aigc_demo.families.upscaler.networks import CompactUpscaler, UpscalerConfig
    from aigc_demo.models.checkpoints import save_weights

    torch.manual_seed(seed)
    config = UpscalerConfig(width=4, depth=2, scale=scale)
    save_weights(folder, CompactUpscaler(config).state_dict(), {"family": "gan", "network": asdict(config)})
