"""What the verbs share: the stop flag, classes by name, and pictures as arrays and as tensors."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.core.stopping import Progress, Stop
from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import runs_here
from aigc_demo.models.pixels import to_float, to_uint8
from aigc_demo.models.protocols import Adaptable, Sampling, SteppedModel
from aigc_demo.runtime import registry
from aigc_demo.schemas import ChatRequest, Request, TextRequest

if TYPE_CHECKING:
    from torch import Tensor

    from aigc_demo.models.pixels import to_float, to_uint8
from aigc_demo.models.protocols import LatentModel

AnyRequest = TypeVar("AnyRequest", bound=Request)


def settled(model: Any, request: AnyRequest, stop: Stop, progress: Progress) -> tuple[Any, AnyRequest]:
    """A lent model with the steps that `request` asks for, and the request with numbers for "the model's own".

    Models that give their pictures at once are left as they are.
    """
    if not isinstance(model, SteppedModel):
        return model, request
    fields = [
        name for name in ("num_inference_steps", "guidance_scale") if name in type(request).model_fields
    ]
    asked = {name: getattr(request, name) for name in fields}
    model = model.sampled(Sampling(**asked, stop=stop, progress=progress))
    return model, request.model_copy(update={name: getattr(model.sampling, name) for name in fields})


class Adapted(Protocol):
    """A request that may name an adapter."""

    model: str
    adapter: str
    adapter_weight: float


def find_adapter(request: Adapted, settings: Settings) -> ModelCard | None:
    """The card of the adapter that a request names; an InputError where its model has no such adapter."""
    if not request.adapter:
        return None
    found = registry.adapters_for(request.model, settings)
    for card in found:
        if card.id == request.adapter:
            return card
    choices = ", ".join(card.id for card in found) or "-"
    raise InputError(
        en=f"{request.model} has no adapter {request.adapter[:60]}; it has: {choices}.",
        zh=f"{request.model} 没有适配器 {request.adapter[:60]}；现有：{choices}。",
    )


def put_adapter(model: Any, adapter: ModelCard | None, weight: float) -> None:
    """Switch a lent model to an adapter, or to itself alone; models that take none are left as they are."""
    if adapter:
        model.set_adapter(adapter.folder, weight)
    elif isinstance(model, Adaptable):
        model.set_adapter(None, 0.0)


def check_beginning(request: TextRequest | ChatRequest, card: ModelCard) -> None:
    """An InputError where a server's model is to go on from a beginning: it alone decides how its texts begin."""
    if request.continue_from and not runs_here(card.family):
        raise InputError(
            en=f"{card.id} is on a server, which cannot go on from a beginning; leave the kept beginning empty.",
            zh=f"{card.id} 在服务器上，无法从保留的开头接着写；请将其留空。",
        )


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


def one_hot(labels: list[int], model: "LatentModel") -> "Tensor":
    """Class weight rows (N, K) for N labels."""
    import torch

    return torch.eye(len(model.classes["en"]))[labels]


def picture_shape(model: "LatentModel") -> tuple[int, ...]:
    """The shape of a picture of the model as an array: (H, W) in grey, (H, W, 3) in colour."""
    channels, height, width = model.image_shape
    return (height, width) if channels == 1 else (height, width, channels)


def read_picture(path: Path, card: ModelCard, image_shape: tuple[int, int, int]) -> tuple[np.ndarray, Text]:
    """An uploaded or drawn picture made like the data the model was trained on, (H, W[, 3]) uint8, and what to say of it.

    As the makers of MNIST and Fashion-MNIST made theirs; for other data as an import does: the middle square, scaled.
    """
    from aigc_demo import media
    from aigc_demo.data.imports.pictures import make_square

    upload = media.read_upload(path)
    picture = upload.picture
    channels, side, _ = image_shape
    if channels == 1 and any(name in card.data for name in ("digits", "fashion")):
        return media.fit_square(picture, side, centre_mass="digits" in card.data), upload.note
    square = make_square(picture.convert("L" if channels == 1 else "RGB"), side, "centre")
    return np.asarray(square), upload.note


def from_picture(picture: np.ndarray) -> "Tensor":
    """uint8 (H, W[, 3]) to a batch of one, (1, C, H, W) in [-1, 1]."""
    import torch

    return to_float(torch.tensor(picture)[None])


def to_pictures(images: "Tensor") -> np.ndarray:
    """Images (N, C, H, W) in [-1, 1] to uint8 (N, H, W), or (N, H, W, 3) in colour."""
    return to_uint8(images).numpy()
