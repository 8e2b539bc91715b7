"""Copies among pictures that a model draws from words, against the pictures it was trained on.

It is asked for what training did not show: captions that were held out. Where pictures are composed without end, as many of
the kind that training shows stand for them.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from aigc_demo.actions.audit.material import too_few
from aigc_demo.actions.audit.pictures import PictureAudit, compared
from aigc_demo.actions.audit.request import AuditRequest
from aigc_demo.core.errors import Stopped
from aigc_demo.core.stopping import Progress, Stop
from aigc_demo.metrics.least import enough
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import family
from aigc_demo.runtime.cache import ModelCache

if TYPE_CHECKING:
    from torch import Tensor

    from aigc_demo.data.material import Captioned

COUNT = 200
KNOWN = 5000  # training pictures at most
AT_ONCE = 16  # drawings between two looks at the stop flag


def audit_drawings(
    request: AuditRequest, card: ModelCard, folder: Path, cache: ModelCache, stop: Stop, progress: Progress
) -> PictureAudit:
    """Draw held-out captions, and look for the training pictures nearest to what comes."""
    import torch

    from aigc_demo.data.material import open_material

    material = open_material(folder)
    asked, known = material.held_out(request.count or COUNT), material.seen(KNOWN)
    if not enough(asked.captions):
        raise too_few(len(asked))

    def work(model: Any) -> PictureAudit:
        parts = []
        for start in range(0, len(asked), AT_ONCE):
            if stop():
                raise Stopped
            captions = asked.captions[start : start + AT_ONCE]
            parts.append(family(card.family).part("evaluate").samples(model, captions, request.seed + start))
            progress(0.2 * (start + len(captions)) / len(asked))
        drawn = torch.cat(parts)
        labels = torch.zeros(len(drawn), dtype=torch.long)  # words are no classes
        return compared(card, _arrays(asked, known), _last(drawn).numpy(), labels, stop, progress)

    return cache.run(card, work, stop)


def _arrays(asked: "Captioned", known: "Captioned") -> dict[str, "Tensor"]:
    """Both as data/images.py has them. A few pictures are never split: what is held out then are the first to learn from."""
    import torch

    apart = not torch.equal(asked.pictures[:1], known.pictures[:1])
    unseen = asked.pictures if apart else asked.pictures[:0]
    arrays = {}
    for split, pictures in (("train", known.pictures), ("test", unseen)):
        arrays[f"{split}_images"] = _last(pictures)
        arrays[f"{split}_labels"] = torch.zeros(len(pictures), dtype=torch.uint8)
    return arrays


def _last(pictures: "Tensor") -> "Tensor":
    """(N, 3, S, S) with colours last."""
    return pictures.movedim(1, 3)
