"""Have a model draw, or encode and decode a picture."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aigc_demo import safety
from aigc_demo.actions.base import (
    draw_latents,
    from_picture,
    one_hot,
    picture_shape,
    read_picture,
    resolve_labels,
    settled,
    to_pictures,
)
from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.core.stopping import Progress, Stop, never, unheard
from aigc_demo.core.words import NO_TEXT, Text, plain
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.protocols import Critic
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.zero_gpu import on_gpu
from aigc_demo.schemas import ArrayRequest, ImageRequest, ReconstructRequest

if TYPE_CHECKING:
    from torch import Generator, Tensor

BATCH = 500  # pictures decoded at once; more gains nothing and a stop has to wait for it


@dataclass(frozen=True)
class ImageResult:
    """Pictures (N, H, W[, 3]) uint8, each with its class and its own seed; scores and percentiles where the model judges.

    `note` says what the content filter did to them, if anything.
    """

    request: ImageRequest
    card: ModelCard
    pictures: np.ndarray
    labels: list[int]
    seeds: list[int]
    scores: list[float] | None = None
    percentiles: list[float] | None = None
    note: Text | None = None

    def facts(self) -> dict[str, Any]:
        """What a program is told beside the files."""
        return {"labels": self.labels, "seeds": self.seeds, "percentiles": self.percentiles}


@dataclass(frozen=True)
class ReconstructResult:
    """What an autoencoder makes of a picture: input, damaged input, reconstruction (H, W[, 3]) uint8; the latent; neighbours.

    Where the input is damaged, what is known of it for sure is kept in the reconstruction (models/damage.py).
    `mean` and `deviation` are those of q(z | x); `latent` is what was decoded: the mean, unless the request brings a z.
    `neighbours` (k, H, W[, 3]) are the training codes nearest to it, decoded. The decibels are the peak signal-to-noise
    ratios of damaged input and reconstruction, against the input. `note` says how the picture was opened.
    """

    request: ReconstructRequest
    card: ModelCard
    original: np.ndarray
    damaged: np.ndarray
    reconstruction: np.ndarray
    mean: list[float]
    deviation: list[float]
    latent: list[float]
    neighbours: np.ndarray
    neighbour_labels: list[int]
    distances: list[float]
    damaged_decibels: float
    reconstruction_decibels: float
    note: Text = NO_TEXT

    def facts(self) -> dict[str, Any]:
        """What a program is told beside the files."""
        return {
            "latent": self.latent,
            "neighbours": {"labels": self.neighbour_labels, "distances": self.distances},
            "decibels": {"damaged": self.damaged_decibels, "reconstruction": self.reconstruction_decibels},
            "note": plain(self.note),
        }


@on_gpu()
def make_images(
    request: ImageRequest | ArrayRequest, cache: ModelCache, stop: Stop = never, progress: Progress = unheard
) -> ImageResult:
    """Pictures of the classes asked for, in turn, so that each class has as many as the count allows.

    `progress` hears of the steps of a model that takes many.
    """
    card = registry.find_card(request.model, cache.settings, "image")
    safety.require_classifier(card, cache.settings)

    def work(model: Any) -> ImageResult:
        return _made(*settled(model, request, stop, progress), card, stop)

    made = cache.run(card, work, stop)
    pictures, note = safety.shown(made.pictures, card, cache, stop)
    return replace(made, pictures=pictures, note=note)


def _made(model: Any, request: ImageRequest | ArrayRequest, card: ModelCard, stop: Stop) -> ImageResult:
    """The pictures by a lent model, batch by batch."""
    import torch

    from aigc_demo.models.latents import picture_seed

    chosen = resolve_labels(request.label, model.classes)
    labels = [chosen[i % len(chosen)] for i in range(request.count)]
    seeds = [picture_seed(request.seed, i) for i in range(request.count)]
    pictures, scores = np.empty((request.count, *picture_shape(model)), np.uint8), []
    for start in range(0, request.count, BATCH):
        if stop():
            raise Stopped
        part = slice(start, start + BATCH)
        z = draw_latents(seeds[part], labels[part], request.prior, request.truncation_psi, model)
        weights = one_hot(labels[part], model)
        images = model.decode(z, weights, request.truncation_psi)
        pictures[part] = to_pictures(images)
        if isinstance(model, Critic):
            scores.append(model.score(images, weights))
    judged = torch.cat(scores) if scores else None
    percentiles = None if judged is None else model.percentile(judged).tolist()
    raw = None if judged is None else judged.tolist()
    return ImageResult(request, card, pictures, labels, seeds, raw, percentiles)


@on_gpu()
def look_of_critic(
    result: ImageResult, index: int, cache: ModelCache, stop: Stop = never
) -> np.ndarray | None:
    """What the model's critic looks at in picture `index`, float (H, W) as in `occlusion_map`; None without a critic."""

    def work(model: Any) -> np.ndarray | None:
        from aigc_demo.models.occlusion import occlusion_map

        if not isinstance(model, Critic):
            return None
        weights = one_hot([result.labels[index]], model)

        def score(images: "Tensor") -> "Tensor":
            return model.score(images, weights.expand(len(images), -1))

        return occlusion_map(score, from_picture(result.pictures[index])).numpy()

    return cache.run(result.card, work, stop)


@on_gpu()
def reconstruct(request: ReconstructRequest, cache: ModelCache, stop: Stop = never) -> ReconstructResult:
    """Encode a picture, with noise if asked, and decode its mean, or the z that is asked for; find what lies nearest to it."""
    import torch

    card = registry.find_card(request.model, cache.settings, "reconstruct")

    from aigc_demo.metrics.pictures import peak_signal_to_noise
    from aigc_demo.models.damage import add_noise

    def work(model: Any) -> ReconstructResult:
        original, note = read_picture(Path(request.image), card, model.image_shape)
        clean = from_picture(original)
        generator = torch.Generator().manual_seed(request.seed)
        damaged, keep_known = _damaged(clean, request, generator)
        noisy = add_noise(damaged, 2 * request.noise, generator)
        mean, log_variance = model.encode(noisy)
        z = torch.tensor([request.latent]) if request.latent else mean
        if z.shape != mean.shape:
            raise InputError(
                en=f"{card.id} has latent vectors of {mean.shape[1]} numbers, not {z.shape[1]}.",
                zh=f"{card.id} 的潜向量有 {mean.shape[1]} 个数，而不是 {z.shape[1]} 个。",
            )
        codes, labels, distances = model.nearest(z[0], request.neighbours)
        weights = torch.zeros(len(codes) + 1, len(model.classes["en"]))
        decoded = model.decode(torch.cat([z, codes]), weights)
        guess, neighbours = decoded.split([1, len(codes)])
        if not request.latent and not request.noise:  # with noise on it nothing is known for sure
            guess = keep_known(guess)
        decibels = [peak_signal_to_noise((clean + 1) / 2, (made + 1) / 2) for made in (noisy, guess)]
        return ReconstructResult(
            request,
            card,
            original,
            to_pictures(noisy)[0],
            to_pictures(guess)[0],
            mean[0].tolist(),
            (log_variance[0] / 2).exp().tolist(),
            z[0].tolist(),
            to_pictures(neighbours),
            labels.tolist(),
            distances.tolist(),
            decibels[0],
            decibels[1],
            _unlearnt(model, request) or note,
        )

    return cache.run(card, work, stop)


def _damaged(
    clean: "Tensor", request: ReconstructRequest, generator: "Generator"
) -> tuple["Tensor", Callable[["Tensor"], "Tensor"]]:
    """A picture (1, C, H, W) damaged as asked for, and what puts back into a guess what is known of it."""
    from aigc_demo.models import damage

    if request.damage == "halved":
        small = damage.shrink(clean)
        return damage.halve(clean), lambda guess: damage.keep_small(guess, small)
    if request.damage == "hole":
        inside = damage.holes(1, clean.shape[-1], generator)
        holed = damage.cut(clean, inside)
        return holed, lambda guess: damage.keep_surroundings(guess, holed, inside)
    return clean, lambda guess: guess


def _unlearnt(model: Any, request: ReconstructRequest) -> Text | None:
    """What is said where a model was not trained to repair this damage."""
    if request.damage in ("whole", *getattr(model, "repairs", ())):
        return None
    return Text(
        f"{request.model} has not learnt to repair this; a VAE trained here by this version has.",
        f"{request.model} 没有学过这种修复；用当前版本在本应用中训练的 VAE 才学过。",
    )
