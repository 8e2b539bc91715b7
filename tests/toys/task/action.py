"""A picture beside its mirror image."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from aigc_demo.schemas.mirror import MirrorRequest

from aigc_demo import media
from aigc_demo.actions.pictures import make_images
from aigc_demo.actions.save import recipe_of, stem
from aigc_demo.core.stopping import Stop, never
from aigc_demo.models.cards import ModelCard
from aigc_demo.provenance.marking import PLAIN, Marking
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import ImageRequest


@dataclass(frozen=True)
class MirrorResult:
    """The pair (2, H, W) uint8."""

    request: MirrorRequest
    card: ModelCard
    pictures: np.ndarray

    def facts(self) -> dict[str, Any]:
        """What a program is told beside the files."""
        return {"width": self.pictures.shape[2]}


def mirror(request: MirrorRequest, cache: ModelCache, stop: Stop = never) -> MirrorResult:
    """Make a picture and turn it around."""
    made = make_images(ImageRequest(model=request.model, seed=request.seed, count=1), cache, stop)
    return MirrorResult(request, made.card, np.stack([made.pictures[0], made.pictures[0][:, ::-1]]))


def write_mirror(result: MirrorResult, folder: Path, suffix: str = ".png", marking: Marking = PLAIN) -> Path:
    """Both on one sheet."""
    sheet = media.contact_sheet(result.pictures, 2, gap=result.request.gap)
    path = media.new_path(folder, stem(result), suffix)
    return media.save_image(sheet, path, recipe_of(result.request, result.card), marking=marking)
