"""What a run leaves for use: the network in half precision, its temperature, and what is known of how far to trust it."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aigc_demo.families.classifier.evaluate import CHUNK, some
from aigc_demo.families.classifier.networks import Network, odds
from aigc_demo.metrics.calibration import best_temperature
from aigc_demo.metrics.least import enough
from aigc_demo.models.checkpoints import save_weights
from aigc_demo.models.pixels import to_float

# The odds of the likeliest class, in bands: of each it is written down how often the class was right.
BANDS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)
JUDGED, JUDGED_SOON = 100_000, 250  # pictures behind that, of a finished run and of one that still trains
SEEN, SEEN_SOON = 5000, 500  # training pictures behind the shape of the impressions
FEWEST = 100  # pictures set aside that a temperature is fitted to
RIDGE = 1e-3  # of the mean variance, so that few pictures give an invertible matrix


def export(run: Path, network: Network, data: dict[str, Any], aside: Tensor, final: bool = True) -> None:
    """Write config.json and model.safetensors as model.py reads them; `aside` (M,) are places among the training pictures."""
    split = "test" if enough(data["test_labels"]) else "train"
    judged, labels = some(data, split, JUDGED if final else JUDGED_SOON)
    logits, impressions = outputs(network, judged)
    temperature = fit_temperature(network, data, aside)
    seen, seen_labels = some(data, "train", SEEN if final else SEEN_SOON)
    means, whitening = shape_of(outputs(network, seen)[1], seen_labels, network.config.classes)
    distances = nearest_mean(impressions, means, whitening)
    config = {
        "family": "classifier",
        "classes": data["classes"],
        "network": asdict(network.config),
        "temperature": round(temperature, 4),
        "bands": record(odds(logits, temperature), labels),
        "distance_quantiles": [
            round(value, 4)
            for value in torch.quantile(distances[:10_000], torch.linspace(0, 1, 101)).tolist()
        ],
        "judged": "held-out pictures"
        if split == "test"
        else "training pictures, as few or none are held out",
    }
    tensors = {f"network.{name}": tensor.half() for name, tensor in network.state_dict().items()}
    save_weights(run, {**tensors, "means": means.half(), "whitening": whitening.half()}, config)


def fit_temperature(network: Network, data: dict[str, Any], aside: Tensor) -> float:
    """The temperature by the pictures that were set aside, and 1 where these are too few to tell."""
    if len(aside) < FEWEST:
        return 1.0
    return best_temperature(logits_of(network, data["train_images"][aside]), data["train_labels"][aside])


def record(found: Tensor, labels: Tensor) -> list[list[int]]:
    """For each band of the likeliest class's odds (BANDS; first: below all) how many pictures were right, and how many there were."""
    top, said = found.max(dim=1)
    bands = torch.bucketize(top, torch.tensor(BANDS), right=True)
    right = torch.bincount(bands[said == labels], minlength=len(BANDS) + 1)
    return torch.stack([right, torch.bincount(bands, minlength=len(BANDS) + 1)], dim=1).tolist()


def shape_of(impressions: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    r"""Each class's mean $\mu_c$ (K, D) and $W$ (D, D) with $W^\top W = \Sigma^{-1}$, the covariance within classes.

    A class without a picture has the mean of all. (Lee et al. 2018, A Simple Unified Framework for Detecting
    Out-of-Distribution Samples.)
    """
    means = torch.stack(
        [(impressions[labels == c] if (labels == c).any() else impressions).mean(0) for c in range(classes)]
    )
    centred = (impressions - means[labels]).double()
    covariance = centred.T @ centred / len(centred)
    ridge = RIDGE * covariance.diagonal().mean() + 1e-9
    factor = torch.linalg.cholesky(covariance + ridge * torch.eye(len(covariance), dtype=torch.double))
    identity = torch.eye(len(covariance), dtype=torch.double)
    return means, torch.linalg.solve_triangular(factor, identity, upper=False).float()


def nearest_mean(impressions: Tensor, means: Tensor, whitening: Tensor) -> Tensor:
    r"""$\min_c \lVert W (h - \mu_c) \rVert$ of impressions h (N, D): (N,)."""
    return torch.cdist(impressions @ whitening.T, means @ whitening.T).amin(1)


@torch.no_grad()
def outputs(network: Network, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (N, K) and impressions (N, D) of pictures uint8 (N, H, W[, 3]), float32 on the CPU."""
    device = network.head.weight.device
    found = torch.cat(
        [network.impression(to_float(part.to(device))).float() for part in pictures.split(CHUNK)]
    )
    return network.head(found[:, -network.config.hidden :]).cpu(), found.cpu()


def logits_of(network: Network, pictures: Tensor) -> Tensor:
    """Logits (N, K) alone."""
    return outputs(network, pictures)[0]
