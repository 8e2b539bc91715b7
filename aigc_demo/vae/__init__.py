"""A convolutional VAE (Kingma and Welling 2014) with a density fitted to its codes afterwards.

Serves the tasks image, latent and reconstruct; the last includes taking noise away (Im et al. 2017).
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aigc_demo.vae.model import VAE


def load(folder: Path, device: str) -> "VAE":
    """The VAE of a run folder, on `device`; an InputError where files are missing or do not fit."""
    from aigc_demo.vae.model import VAE

    return VAE(folder, device)


def write_debug_model(folder: Path, seed: int = 0) -> None:
    """Write a tiny untrained VAE of ten classes, through the path that training saves by."""
    import torch

    from aigc_demo.vae.train import SIZES, Learner, TrainPlan, export

    torch.manual_seed(seed)
    names = [str(digit) for digit in range(10)]
    images, labels = torch.randint(256, (200, 28, 28)).byte(), torch.arange(200) % 10
    data = {"train_images": images, "train_labels": labels, "test_images": images, "test_labels": labels}
    learner = Learner(*SIZES["tiny"])
    plan = TrainPlan({**data, "classes": {"en": names, "zh": names}}, folder, "tiny", 0, seed, save_every=1)
    export(plan, *SIZES["tiny"], learner.encoder_average.network, learner.decoder_average.network)
