"""One verb a request: check it against the model, compute inside the cache's lease, return plain arrays and text.

The page, the command line and the HTTP API call these and nothing below them, so that all three give the same
result for the same request. Files are written by files.py, from the results.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from aigc_demo import registry
from aigc_demo.cards import ModelCard
from aigc_demo.contracts import (
    ArrayRequest,
    GridRequest,
    ImageRequest,
    ReconstructRequest,
    TextRequest,
    TokenChoice,
    WalkRequest,
)
from aigc_demo.errors import InputError, Stopped
from aigc_demo.runtime import ModelCache

if TYPE_CHECKING:
    from torch import Tensor

    from aigc_demo.contracts import Autoencoder, LatentModel

Stop = Callable[[], bool]
AnyWalk = TypeVar("AnyWalk", WalkRequest, GridRequest)
BATCH = 500  # pictures decoded at once; more gains nothing and a stop has to wait for it


def never() -> bool:
    """A stop flag that is never set."""
    return False


@dataclass
class TextSample:
    """One text with the odds of each token."""

    tokens: list[TokenChoice] = field(default_factory=list)
    ended: bool = False

    @property
    def text(self) -> str:
        """What was written so far."""
        return "".join(token.text for token in self.tokens)


@dataclass
class TextResult:
    """Texts as they grow; `note` says what was changed about the prompt, (en, zh), if anything."""

    request: TextRequest
    card: ModelCard
    samples: list[TextSample]
    note: tuple[str, str] | None = None


@dataclass(frozen=True)
class ImageResult:
    """Pictures (N, H, W[, 3]) uint8, each with its class and its own seed; scores and percentiles where the model judges."""

    request: ImageRequest
    card: ModelCard
    pictures: np.ndarray
    labels: list[int]
    seeds: list[int]
    scores: list[float] | None = None
    percentiles: list[float] | None = None


@dataclass(frozen=True)
class ReconstructResult:
    """What an autoencoder makes of a picture: input, noisy input, reconstruction (H, W[, 3]) uint8; the latent; neighbours.

    `neighbours` (k, H, W[, 3]) are nearest training codes, decoded; `votes` is each class's share among them.
    """

    request: ReconstructRequest
    card: ModelCard
    original: np.ndarray
    noisy: np.ndarray
    reconstruction: np.ndarray
    mean: list[float]
    deviation: list[float]
    neighbours: np.ndarray
    neighbour_labels: list[int]
    distances: list[float]


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


def resolve_labels(text: str, classes: dict[str, list[str]]) -> list[int]:
    """Class indices for "all", numbers or names in either language, separated by commas; InputError names the odd one."""
    total = len(classes["en"])
    parts = [part.strip() for part in text.replace("，", ",").split(",") if part.strip()]
    if parts in ([], ["all"], ["全部"]):
        return list(range(total))
    names = {name.casefold(): i for language in classes.values() for i, name in enumerate(language)}
    numbers = {str(i): i for i in range(total)}
    chosen = []
    for part in parts:
        index = names.get(part.casefold(), numbers.get(part))
        if index is None:
            choices = ", ".join(f"{i} {name}" for i, name in enumerate(classes["en"]))
            choices_zh = "、".join(f"{i} {name}" for i, name in enumerate(classes["zh"]))
            raise InputError(
                en=f"There is no class {part[:40]}; choose among {choices}.",
                zh=f"没有类别 {part[:40]}；可选：{choices_zh}。",
            )
        chosen.append(index)
    return list(dict.fromkeys(chosen))


def write_text(request: TextRequest, cache: ModelCache, stop: Stop = never) -> Iterator[TextResult]:
    """Yield the result after every token, the same object growing; it ends early when `stop()` turns true."""
    card = registry.find_card(request.model, cache.settings, "text")
    with cache.use(request.model, "text", stop) as model:
        result = TextResult(request, card, [TextSample() for _ in range(request.count)])
        result.note = model.check_prompt(request.prompt, request.prompt_is)
        settings = request.model_dump(exclude={"model", "prompt"})
        if not model.forms:
            settings.update(form=None, heads="")
        for step in model.generate(request.prompt, stop=stop, **settings):
            for sample, token in zip(result.samples, step.tokens, strict=True):
                if token is None:
                    sample.ended = True
                else:
                    sample.tokens.append(token)
            yield result
        yield result


def make_images(request: ImageRequest | ArrayRequest, cache: ModelCache, stop: Stop = never) -> ImageResult:
    """Pictures of the classes asked for, in turn, so that each class has as many as the count allows."""
    import torch

    from aigc_demo.latents import picture_seed

    card = registry.find_card(request.model, cache.settings, "image")
    with cache.use(request.model, "image", stop) as model:
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
            if hasattr(model, "score"):
                scores.append(model.score(images, weights))
        judged = torch.cat(scores) if scores else None
        percentiles = None if judged is None else model.percentile(judged).tolist()
    raw = None if judged is None else judged.tolist()
    return ImageResult(request, card, pictures, labels, seeds, raw, percentiles)


def draw_latents(
    seeds: list[int], labels: list[int], prior: str, psi: float, model: "LatentModel"
) -> "Tensor":
    """Latents (N, d), each from its own seed; prior "normal" is N(0, I), whatever density the model has."""
    import torch

    rows = []
    for seed, label in zip(seeds, labels, strict=True):
        generator = torch.Generator().manual_seed(seed)
        if prior == "normal":
            rows.append(torch.randn(1, model.latent_dim, generator=generator))
        else:
            rows.append(model.sample_latents(torch.tensor([label]), generator, psi))
    return torch.cat(rows)


def reconstruct(request: ReconstructRequest, cache: ModelCache, stop: Stop = never) -> ReconstructResult:
    """Encode a picture, with noise if asked, and decode its mean; find the nearest training codes."""
    import torch

    card = registry.find_card(request.model, cache.settings, "reconstruct")
    with cache.use(request.model, "reconstruct", stop) as model:
        original = read_picture(Path(request.image), card, model.image_shape)
        clean = from_picture(original)
        generator = torch.Generator().manual_seed(request.seed)
        noisy = (clean + 2 * request.noise * torch.randn(clean.shape, generator=generator)).clamp(-1, 1)
        mean, log_variance = model.encode(noisy)
        codes, labels, distances = model.nearest(mean[0], request.neighbours)
        weights = torch.zeros(len(codes) + 1, len(model.classes["en"]))
        decoded = to_pictures(model.decode(torch.cat([mean, codes]), weights))
    return ReconstructResult(
        request,
        card,
        original,
        to_pictures(noisy)[0],
        decoded[0],
        mean[0].tolist(),
        (log_variance[0] / 2).exp().tolist(),
        decoded[1:],
        labels.tolist(),
        distances.tolist(),
    )


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


def one_hot(labels: list[int], model: "LatentModel") -> "Tensor":
    """Class weight rows (N, K) for N labels."""
    import torch

    return torch.eye(len(model.classes["en"]))[labels]


def picture_shape(model: "LatentModel") -> tuple[int, ...]:
    """The shape of a picture of the model as an array: (H, W) in grey, (H, W, 3) in colour."""
    channels, height, width = model.image_shape
    return (height, width) if channels == 1 else (height, width, channels)


def read_picture(path: Path, card: ModelCard, image_shape: tuple[int, int, int]) -> np.ndarray:
    """An uploaded or drawn picture made like the data the model was trained on, (H, W[, 3]) uint8.

    As the makers of MNIST and Fashion-MNIST made theirs; for other data as an import does: the middle square, scaled.
    """
    from aigc_demo import media
    from aigc_demo.data.imports.pictures import make_square

    picture = media.open_picture(path)
    channels, side, _ = image_shape
    if channels == 1 and any(name in card.data for name in ("digits", "fashion")):
        return media.fit_square(picture, side, centre_mass="digits" in card.data)
    return np.asarray(make_square(picture.convert("L" if channels == 1 else "RGB"), side, "centre"))


def from_picture(picture: np.ndarray) -> "Tensor":
    """uint8 (H, W[, 3]) to a batch of one, (1, C, H, W) in [-1, 1]."""
    import torch

    channels_first = picture[None] if picture.ndim == 2 else np.moveaxis(picture, 2, 0)
    return torch.from_numpy(channels_first.astype(np.float32))[None] / 127.5 - 1


def to_pictures(images: "Tensor") -> np.ndarray:
    """Images (N, C, H, W) in [-1, 1] to uint8 (N, H, W), or (N, H, W, 3) in colour."""
    channels_last = ((images + 1) * 127.5).round().clamp(0, 255).byte().movedim(1, 3).cpu().numpy()
    return channels_last[..., 0] if channels_last.shape[3] == 1 else channels_last
