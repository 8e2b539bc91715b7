"""What pictures are compared by: features that a model of this disk finds in them, named, never those of Inception."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aigc_demo.actions.evaluate.material import tensors
from aigc_demo.actions.evaluate.work import Work
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.protocols import Classifier, Encoder
from aigc_demo.runtime import registry

AT_ONCE = 200
PIXELS = "pixels"
SIDE = 8  # of the thumbnails that stand in where no model fits
ENCODING = ("classify", "reconstruct")  # abilities of the models that are looked through, the better first


@dataclass(frozen=True)
class Features:
    """By what: a model, or plain pixels where `card` is None."""

    card: ModelCard | None
    work: Work

    @property
    def name(self) -> str:
        """As the table and the signature tell it."""
        return self.card.id if self.card else f"{PIXELS} {SIDE} x {SIDE}"

    def of(self, pictures: np.ndarray) -> np.ndarray:
        """Features (N, d) of pictures (N, H, W[, 3]) uint8."""
        if self.card is None:
            return thumbnails(pictures)

        def look(model: Any) -> np.ndarray:
            parts = []
            for start in range(0, len(pictures), AT_ONCE):
                self.work.check()
                parts.append(seen_by(model, pictures[start : start + AT_ONCE]))
            return np.concatenate(parts)

        return self.work.lend(self.card, look).astype(np.float64)


def seen_by(model: Any, pictures: np.ndarray) -> np.ndarray:
    """What a model finds in pictures: the layer before the classes, or the mean of q(z | x)."""
    images = tensors(pictures)
    found = model.features(images) if isinstance(model, Classifier) else model.encode(images)[0]
    return found.detach().cpu().float().numpy()


def thumbnails(pictures: np.ndarray) -> np.ndarray:
    """Pictures as SIDE x SIDE means of their pixels, (N, d) in [0, 1]: coarse shapes and colours and no more."""
    import torch
    from torch.nn import functional as F

    images = (tensors(pictures) + 1) / 2
    return F.adaptive_avg_pool2d(images, SIDE).flatten(1).to(torch.float64).numpy()


def find_features(work: Work, pictures: np.ndarray, data: str) -> Features:
    """What the request names, else the best that fits: a classifier of the same data, an encoder that is not judged itself, pixels."""
    wanted = work.request.features
    if wanted == PIXELS:
        return Features(None, work)
    judged = {card.id for card in work.cards}
    for card in _candidates(work, data, wanted):
        if _fits(work, card, pictures):
            if card.id in judged:
                work.note(
                    Text(
                        f"The pictures are compared by what {card.id} sees, which is judged here itself: that flatters it.",
                        f"图片按 {card.id} 所见的特征比较，而它本身也在被评测：这会使它显得更好。",
                    )
                )
            return Features(card, work)
    if wanted:
        raise InputError(
            en=f"{wanted} cannot look at these pictures; leave the field empty, or name a classifier or autoencoder of their size, "
            "or pixels.",
            zh=f"{wanted} 无法处理这些图片；请留空，或填写同尺寸的分类器、自编码器，或 pixels。",
        )
    work.note(
        Text(
            f"No classifier or autoencoder for these pictures is here: they are compared as thumbnails of {SIDE} x {SIDE} pixels.",
            f"本机没有适合这些图片的分类器或自编码器：改用 {SIDE} x {SIDE} 像素的缩略图比较。",
        )
    )
    return Features(None, work)


def _candidates(work: Work, data: str, wanted: str) -> Iterator[ModelCard]:
    settings, judged = work.cache.settings, [card.id for card in work.cards]
    if wanted:
        yield registry.find_card(wanted, settings)
        return
    found: Sequence[ModelCard] = [
        card
        for ability in ENCODING
        for card in registry.cards_for(ability, settings)
        if card.data == data and not card.kind
    ]
    yield from sorted(found, key=lambda card: card.id in judged)


def _fits(work: Work, card: ModelCard, pictures: np.ndarray) -> bool:
    """Whether the model encodes, and pictures of this size."""
    shape = (pictures.shape[3] if pictures.ndim == 4 else 1, *pictures.shape[1:3])

    def look(model: Any) -> bool:
        able = isinstance(model, Classifier | Encoder)
        return able and tuple(model.image_shape) == shape

    return work.lend(card, look)
