"""Classes and copies among a model's pictures, against the pictures it was trained on."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aigc_demo import actions
from aigc_demo.actions.audit.material import Level, level_of, too_few
from aigc_demo.actions.audit.request import AuditRequest
from aigc_demo.core.errors import Stopped
from aigc_demo.core.stopping import Progress, Stop
from aigc_demo.models.cards import ModelCard
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import ArrayRequest

if TYPE_CHECKING:
    from torch import Tensor

COUNT = 1000
NEIGHBOURS = 50  # further training pictures that the nearest one is measured by
VOTERS = 5  # nearest training pictures that decide what class a picture is of
SHOWN = 8  # pairs
SIDE = 32  # pixels: what is compared; a copy shows as well at this side, at a fraction of the cost
MOST = 128 << 20  # numbers of training pictures that are compared with: 512 MB, sixty thousand of 28 x 28
CHUNK = 250  # pictures between two looks at the stop flag


@dataclass(frozen=True)
class Pair:
    """A sample (H, W[, 3]) uint8 beside the training picture nearest to it, and their ratio (see metrics.nearest_ratios)."""

    sample: np.ndarray
    training: np.ndarray
    ratio: float


@dataclass(frozen=True)
class PictureAudit:
    """What `count` samples showed. Shares in [0, 1], by class where there are several.

    generated: by the vote of the nearest training pictures, which is right for `vote_accuracy` of held-out ones, and in
    `as_asked` of samples finds the class that was asked for. total_variation: of trained and generated shares; that
    of as many held-out pictures by the same vote is what the vote and chance alone give. copies: samples whose ratio is
    below 1/3; the same of held-out pictures. None where there is one class, or too few are held out.
    """

    card: ModelCard
    count: int
    compared: int
    copies: float
    copies_held_out: float | None
    nearest_ratio: float
    pairs: list[Pair]
    trained: list[float] | None = None
    generated: list[float] | None = None
    total_variation: float | None = None
    total_variation_held_out: float | None = None
    vote_accuracy: float | None = None
    as_asked: float | None = None

    @property
    def level(self) -> Level:
        """How much it copies."""
        return level_of(self.copies)


def audit_pictures(
    request: AuditRequest,
    card: ModelCard,
    folder: Path,
    cache: ModelCache,
    stop: Stop,
    progress: Progress,
) -> PictureAudit:
    """Draw as many pictures of each class as its share of the training pictures, and compare them with those."""
    from aigc_demo.data import images

    arrays = images.load(folder)
    pictures, labels = _drawn(request, card, arrays, cache, stop)
    progress(0.2)

    def work(_: Any) -> PictureAudit:  # in the device's lease: it computes as much as a model does
        return compared(card, arrays, pictures, labels, stop, progress)

    return cache.run(card, work, stop)


def _drawn(
    request: AuditRequest,
    card: ModelCard,
    arrays: dict[str, Any],
    cache: ModelCache,
    stop: Stop,
) -> tuple[np.ndarray, "Tensor"]:
    """Pictures with the classes that were asked for, (N,); each class has its own seeds."""
    import torch

    from aigc_demo.metrics.pictures import class_shares

    count, classes = request.count or COUNT, len(card.classes["en"])
    shares = class_shares(arrays["train_labels"], classes) if classes > 1 else torch.ones(1)
    ends = (shares.cumsum(0) * count).round().long().tolist()
    pictures, labels = [], []
    for label, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        if end > start:
            asked = ArrayRequest(
                model=card.id, label=str(label), count=end - start, seed=request.seed + label
            )
            pictures.append(actions.make_images(asked, cache, stop).pictures)
            labels += [label] * (end - start)
    return np.concatenate(pictures), torch.tensor(labels)


def compared(
    card: ModelCard,
    arrays: dict[str, Any],
    pictures: np.ndarray,
    labels: "Tensor",
    stop: Stop,
    progress: Progress,
) -> PictureAudit:
    """What pictures (N, H, W[, 3]) with the classes that were asked for, (N,), show against the training pictures."""
    import torch

    from aigc_demo.metrics.least import enough
    from aigc_demo.metrics.pictures import class_shares, total_variation
    from aigc_demo.metrics.pictures import ratios as ratios_of

    if not (enough(arrays["train_images"]) and enough(pictures)):
        raise too_few(min(len(arrays["train_images"]), len(pictures)))
    every = max(1, -(-arrays["train_images"].numel() // MOST))
    known, known_labels = arrays["train_images"][::every], arrays["train_labels"][::every].long()
    unseen, unseen_labels = _some(arrays["test_images"], arrays["test_labels"], len(pictures))
    k = min(NEIGHBOURS, len(known) // 2) + 1
    small = thumbnails(known)
    distances, nearest = _nearest(thumbnails(torch.from_numpy(pictures)), small, k, stop, progress, 0.2)
    far, near = (
        _nearest(thumbnails(unseen), small, k, stop, progress, 0.6) if enough(unseen) else (None, None)
    )
    ratios = ratios_of(distances)
    found: dict[str, Any] = {}
    classes = len(card.classes.get("en", ()))
    if classes > 1:
        votes = _votes(known_labels, nearest)
        trained, generated = (class_shares(part, classes) for part in (arrays["train_labels"], votes))
        found = {"trained": trained.tolist(), "generated": generated.tolist()}
        found["total_variation"] = total_variation(trained, generated)
        found["as_asked"] = float((votes == labels).float().mean())
        if near is not None:
            guessed = _votes(known_labels, near)
            found["vote_accuracy"] = float((guessed == unseen_labels).float().mean())
            shares = class_shares(guessed, classes)
            found["total_variation_held_out"] = total_variation(trained, shares)
    pairs = [
        Pair(pictures[i], known[nearest[i, 0]].numpy(), float(ratios[i]))
        for i in ratios.argsort()[:SHOWN].tolist()
    ]
    return PictureAudit(
        card,
        len(pictures),
        len(known),
        copies=_copies(ratios),
        copies_held_out=None if far is None else _copies(ratios_of(far)),
        nearest_ratio=float(ratios.median()),
        pairs=pairs,
        **found,
    )


def thumbnails(pictures: "Tensor") -> "Tensor":
    """uint8 pictures (N, H, W[, 3]) -> float (N, D): their pixels, scaled down to SIDE where they are larger."""
    import torch
    from torch.nn import functional as F

    def small(part: "Tensor") -> "Tensor":
        channels_first = part.movedim(3, 1) if part.ndim == 4 else part[:, None]
        return F.adaptive_avg_pool2d(channels_first.float(), min(part.shape[1], SIDE)).flatten(1)

    return torch.cat([small(part) for part in pictures.split(1000)])


def _nearest(
    pictures: "Tensor",
    known: "Tensor",
    k: int,
    stop: Stop,
    progress: Progress,
    done: float,
) -> tuple["Tensor", "Tensor"]:
    """metrics.nearest, stopped in between; it is two fifths of the work."""
    import torch

    from aigc_demo.metrics.pictures import nearest

    found = []
    for start in range(0, len(pictures), CHUNK):
        if stop():
            raise Stopped
        found.append(nearest(pictures[start : start + CHUNK], known, k))
        progress(done + 0.4 * min(1.0, (start + CHUNK) / len(pictures)))
    return torch.cat([distances for distances, _ in found]), torch.cat([indices for _, indices in found])


def _votes(labels: "Tensor", nearest: "Tensor") -> "Tensor":
    """The class (N,) that most of the VOTERS nearest training pictures have."""
    return labels[nearest[:, :VOTERS]].mode(dim=1).values


def _copies(ratios: "Tensor") -> float:
    from aigc_demo.metrics.pictures import COPY

    return float((ratios < COPY).float().mean())


def _some(pictures: "Tensor", labels: "Tensor", most: int) -> tuple["Tensor", "Tensor"]:
    """At most so many pictures with their labels, evenly taken."""
    every = max(1, -(-len(pictures) // most))
    return pictures[::every], labels[::every].long()
