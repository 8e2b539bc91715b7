"""Walk through a model's latent space: films from A to B, squares between four corners."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from aigc_demo import safety
from aigc_demo.actions.base import (
    draw_latents,
    from_picture,
    one_hot,
    put_adapter,
    read_picture,
    resolve_labels,
    settled,
    to_pictures,
)
from aigc_demo.actions.film import WalkResult, film, path_lengths
from aigc_demo.core.errors import InputError
from aigc_demo.core.stopping import Progress, Stop, never, unheard
from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.protocols import Encoder, TextToImageModel
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.zero_gpu import on_gpu
from aigc_demo.schemas import DrawRequest, GridRequest, WalkRequest

if TYPE_CHECKING:
    from torch import Tensor

    from aigc_demo.models.protocols import Autoencoder, LatentModel

AnyWalk = TypeVar("AnyWalk", WalkRequest, GridRequest)


@dataclass(frozen=True)
class GridResult:
    """Pictures (size², H, W[, 3]) uint8 between four corners, in reading order; `note` as in WalkResult."""

    request: GridRequest
    card: ModelCard
    pictures: np.ndarray
    note: Text | None = None

    def facts(self) -> dict[str, Any]:
        """What a program is told beside the files."""
        return {}


@on_gpu()
def walk(
    request: WalkRequest, cache: ModelCache, stop: Stop = never, progress: Progress = unheard
) -> WalkResult:
    """Frames along a path: between two pictures, two seeds whose classes morph into each other, or two prompts.

    `progress` hears of the steps of a model that takes many.
    """
    card = registry.find_card(request.model, cache.settings, "latent")
    safety.check_asked(request, cache.settings)
    safety.require_classifier(card, cache.settings)

    def work(model: Any) -> WalkResult:
        if isinstance(model, TextToImageModel):
            return between_prompts(request, card, model, stop, progress)
        return _walked(*settled(model, with_own_classes(request, card), stop, progress), card)

    made = cache.run(card, work, stop)
    frames, note = safety.shown(made.frames, card, cache, stop)
    return replace(made, frames=frames, note=note)


def _walked(model: Any, request: WalkRequest, card: ModelCard) -> WalkResult:
    """The frames by a lent model. The way back shows the same again, so it is not computed."""
    import torch

    from aigc_demo.models import latents

    psi = request.truncation_psi
    a, class_a = end_point(request.from_image, request.from_seed, request.from_label, psi, model, card)
    b, class_b = end_point(request.to_image, request.to_seed, request.to_label, psi, model, card)
    z, times = latents.path(a, b, request.frames, request.interpolation)
    weights = torch.lerp(class_a[None], class_b[None], times[:, None])
    frames = to_pictures(model.decode(z, weights, psi))
    return WalkResult(request, card, *film(frames, times.tolist(), request), path_lengths(a, b, request))


@on_gpu()
def grid(
    request: GridRequest, cache: ModelCache, stop: Stop = never, progress: Progress = unheard
) -> GridResult:
    """The square between four corners, classes mixed by each cell's distance to them."""
    card = registry.find_card(request.model, cache.settings, "latent")
    safety.require_classifier(card, cache.settings)

    def work(model: Any) -> GridResult:
        if isinstance(model, TextToImageModel):
            raise InputError(
                en=f"{card.id} draws sentences, which have no square between them; film the way between two instead.",
                zh=f"{card.id} 按文字作画，无法在文字之间铺成方阵；请改为拍摄两句之间的漫步。",
            )
        return _squared(*settled(model, with_own_classes(request, card), stop, progress), card)

    made = cache.run(card, work, stop)
    pictures, note = safety.shown(made.pictures, card, cache, stop)
    return replace(made, pictures=pictures, note=note)


def _squared(model: Any, request: GridRequest, card: ModelCard) -> GridResult:
    """The square by a lent model."""
    import torch

    from aigc_demo.models import latents

    ends = [
        end_point("", seed, label, request.truncation_psi, model, card)
        for seed, label in zip(request.seeds, request.labels, strict=True)
    ]
    corners = torch.stack([latent for latent, _ in ends])
    z, shares = latents.grid(corners, request.size, request.interpolation)
    weights = shares @ torch.stack([classes for _, classes in ends])
    return GridResult(request, card, to_pictures(model.decode(z, weights, request.truncation_psi)))


def with_own_classes(request: AnyWalk, card: ModelCard) -> AnyWalk:
    """The request, with a class that the model has where a default one is beyond its classes."""
    total, fields = len(card.classes.get("en", ["all"])), type(request).model_fields

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
        if not isinstance(model, Encoder):
            raise InputError(
                en=f"{card.id} has no encoder, so it cannot start from a picture; choose a VAE, or a seed.",
                zh=f"{card.id} 没有编码器，不能从图片出发；请改用 VAE，或使用种子。",
            )
        mean, _ = model.encode(from_picture(read_picture(Path(image), card, model.image_shape)[0]))
        return mean[0], torch.zeros(len(model.classes["en"]))
    labels = resolve_labels(label, model.classes)
    if len(labels) > 1 and label.strip() and label.strip() not in ("all", "全部"):
        raise InputError(
            en=f"An end point has one class, not {len(labels)}; choose one.",
            zh=f"端点只能有一个类别，不能有 {len(labels)} 个；请选一个。",
        )
    one = [labels[seed % len(labels)]]
    return draw_latents([seed], one, "density", psi, model)[0], one_hot(one, model)[0]


def between_prompts(
    request: WalkRequest, card: ModelCard, model: Any, stop: Stop, progress: Progress
) -> WalkResult:
    """Frames from prompt A with noise A to prompt B with noise B, drawn by a lent text-to-image model.

    What the text encoder says goes straight from A to B, the noise as `interpolation` asks. The first frame is the
    drawing of A. All else that is random is the same in every frame, so that nothing jumps.
    """
    import torch

    from aigc_demo.models import latents

    put_adapter(model, None, 0.0)
    steps, guidance = request.num_inference_steps, request.guidance_scale
    asked = DrawRequest(model=card.id, num_inference_steps=steps, guidance_scale=guidance)
    asked = model.fill(asked, None)
    noise, generators = [], []
    for seed in (request.from_seed, request.to_seed):
        generators.append(torch.Generator().manual_seed(seed))
        noise.append(model.noise(generators[-1], asked.width, asked.height))
    a, b = (model.conditions(text, stop=stop) for text in (request.from_prompt, request.to_prompt))
    flat = [ends.flatten() for ends in noise]
    z, times = latents.path(*flat, request.frames, request.interpolation)
    frames = []
    for index, time in enumerate(times.tolist()):

        def on_step(step: int, steps: int, _: Any, index: int = index) -> None:
            progress((index + step / steps) / request.frames)

        generator = torch.Generator()
        generator.set_state(generators[0].get_state())
        start = z[index].view_as(noise[0])
        conditions = model.between(a, b, time)
        (drawn,) = model.draw(asked, conditions, [generator], start, stop=stop, on_step=on_step)
        frames.append(drawn.picture.numpy())
    settings = {name: getattr(asked, name) for name in ("num_inference_steps", "guidance_scale")}
    request = request.model_copy(update=settings)
    lengths = path_lengths(*flat, request)
    return WalkResult(request, card, *film(np.stack(frames), times.tolist(), request), lengths)
