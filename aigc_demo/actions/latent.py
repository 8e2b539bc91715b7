"""Walk through a model's latent space: films from A to B, squares between four corners."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from aigc_demo import registry
from aigc_demo.actions.base import (
    Stop,
    draw_latents,
    from_picture,
    never,
    one_hot,
    read_picture,
    resolve_labels,
    to_pictures,
)
from aigc_demo.cards import ModelCard
from aigc_demo.contracts import GridRequest, WalkRequest
from aigc_demo.errors import InputError
from aigc_demo.runtime import ModelCache

if TYPE_CHECKING:
    from torch import Tensor

    from aigc_demo.contracts import Autoencoder, LatentModel

AnyWalk = TypeVar("AnyWalk", WalkRequest, GridRequest)


@dataclass(frozen=True)
class WalkResult:
    """Frames (F, H, W[, 3]) uint8 of a walk, each with its time in [0, 1]; the length of z on the way, by kind of path."""

    request: WalkRequest
    card: ModelCard
    frames: np.ndarray
    times: list[float]
    lengths: dict[str, list[float]]


@dataclass(frozen=True)
class GridResult:
    """Pictures (size², H, W[, 3]) uint8 between four corners, in reading order."""

    request: GridRequest
    card: ModelCard
    pictures: np.ndarray


def walk(request: WalkRequest, cache: ModelCache, stop: Stop = never) -> WalkResult:
    """Frames along a path; the class mixture changes with it, so that classes morph into each other."""
    import torch

    from aigc_demo import latents

    card = registry.find_card(request.model, cache.settings, "latent")
    request = with_own_classes(request, card)
    with cache.use(request.model, "latent", stop) as model:
        a, class_a = end_point(
            request.from_image, request.from_seed, request.from_label, request.truncation_psi, model, card
        )
        b, class_b = end_point(
            request.to_image, request.to_seed, request.to_label, request.truncation_psi, model, card
        )
        z, times = latents.path(a, b, request.frames, request.interpolation, request.there_and_back)
        weights = torch.lerp(class_a[None], class_b[None], times[:, None])
        frames = to_pictures(model.decode(z, weights, request.truncation_psi))
    paths = {name: latents.path(a, b, request.frames, name)[0] for name in latents.PATHS}
    lengths = {name: rows.norm(dim=1).tolist() for name, rows in paths.items()}
    return WalkResult(request, card, frames, times.tolist(), lengths)


def grid(request: GridRequest, cache: ModelCache, stop: Stop = never) -> GridResult:
    """The square between four corners, classes mixed by each cell's distance to them."""
    import torch

    from aigc_demo import latents

    card = registry.find_card(request.model, cache.settings, "latent")
    request = with_own_classes(request, card)
    with cache.use(request.model, "latent", stop) as model:
        ends = [
            end_point("", seed, label, request.truncation_psi, model, card)
            for seed, label in zip(request.seeds, request.labels, strict=True)
        ]
        z, corners = latents.grid(
            torch.stack([latent for latent, _ in ends]), request.size, request.interpolation
        )
        weights = corners @ torch.stack([classes for _, classes in ends])
        pictures = to_pictures(model.decode(z, weights, request.truncation_psi))
    return GridResult(request, card, pictures)


def with_own_classes(request: AnyWalk, card: ModelCard) -> AnyWalk:
    """The request, with a class that the model has where a default one is beyond its classes."""
    total, fields = len(card.classes["en"]), type(request).model_fields

    def own(label: str, default: str) -> str:
        beyond = label == default and label.isdigit() and int(label) >= total
        return str(int(label) % total) if beyond else label

    if isinstance(request, GridRequest):
        labels = [own(*pair) for pair in zip(request.labels, fields["labels"].default, strict=True)]
        return request.model_copy(update={"labels": labels})
    names = ("from_label", "to_label")
    return request.model_copy(
        update={name: own(getattr(request, name), fields[name].default) for name in names}
    )


def end_point(
    image: str, seed: int, label: str, psi: float, model: "LatentModel | Autoencoder", card: ModelCard
) -> tuple["Tensor", "Tensor"]:
    """Latent (d,) and class weights (K,) of an end point: a picture to encode, else a seed and one class."""
    import torch

    if image:
        if not hasattr(model, "encode"):
            raise InputError(
                en=f"{card.id} has no encoder, so it cannot start from a picture; choose a VAE, or a seed.",
                zh=f"{card.id} 没有编码器，不能从图片出发；请改用 VAE，或使用种子。",
            )
        mean, _ = model.encode(from_picture(read_picture(Path(image), card, model.image_shape)))
        return mean[0], torch.zeros(len(model.classes["en"]))
    labels = resolve_labels(label, model.classes)
    if len(labels) > 1 and label.strip() and label.strip() not in ("all", "全部"):
        raise InputError(
            en=f"An end point has one class, not {len(labels)}; choose one.",
            zh=f"端点只能有一个类别，不能有 {len(labels)} 个；请选一个。",
        )
    one = [labels[seed % len(labels)]]
    return draw_latents([seed], one, "density", psi, model)[0], one_hot(one, model)[0]
