"""What a run leaves for use: config.json and model.safetensors, as gan/model.py reads them."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from aigc_demo.families.gan.networks import Discriminator, Generator
from aigc_demo.metrics.least import enough
from aigc_demo.models.checkpoints import save_weights
from aigc_demo.models.pixels import to_float

STYLES = 4096  # draws behind each class's mean style
JUDGED = 2000  # real pictures behind the quantiles of a finished run
JUDGED_SOON = 250  # and of one that still trains
CHUNK = 100


def export(
    run: Path, data: dict[str, Any], generator: Generator, discriminator: Discriminator, final: bool
) -> None:
    """Write both networks in half precision, each class's mean style and the quantiles of D's scores."""
    split = "test" if enough(data["test_labels"]) else "train"
    count = JUDGED if final else JUDGED_SOON
    scores = real_scores(discriminator, data[f"{split}_images"][:count], data[f"{split}_labels"][:count])
    quantiles = torch.quantile(scores, torch.linspace(0, 1, 101)).tolist()
    networks = {"generator": generator, "discriminator": discriminator}
    tensors = {
        f"{name}.{key}": value for name, part in networks.items() for key, value in part.state_dict().items()
    }
    tensors["generator.w_mean"] = mean_styles(generator)
    config = {
        "family": "gan",
        "classes": data["classes"],
        "network": asdict(generator.config),
        "score_quantiles": [round(value, 4) for value in quantiles],
        "scored": "held-out pictures"
        if split == "test"
        else "training pictures, as few or none are held out",
    }
    save_weights(run, {name: tensor.half() for name, tensor in tensors.items()}, config)


@torch.no_grad()
def mean_styles(generator: Generator) -> Tensor:
    r"""$\bar w_c = \mathbb E_z\,w(z, c)$ of every class, (K, w_dim): what truncation pulls towards."""
    z = torch.randn(STYLES, generator.config.latent_dim, generator=torch.Generator().manual_seed(0))
    rows = torch.eye(generator.config.classes, device=generator.w_mean.device)
    z = z.to(rows.device)
    return torch.stack([generator.mapping(z, row.expand(len(z), -1)).mean(0) for row in rows])


@torch.no_grad()
def real_scores(discriminator: Discriminator, images: Tensor, labels: Tensor) -> Tensor:
    """D's logits (N,) of real uint8 pictures with their own classes (N,), on the CPU."""
    device = discriminator.embedding.device
    weights = F.one_hot(labels.long(), len(discriminator.embedding)).float()
    return torch.cat(
        [
            discriminator(to_float(part.to(device)), rows.to(device)).float().cpu()
            for part, rows in zip(images.split(CHUNK), weights.split(CHUNK), strict=True)
        ]
    )
