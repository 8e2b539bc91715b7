"""What a walk through latent space comes to, whoever drew its frames."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard
from aigc_demo.schemas import WalkRequest

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class WalkResult:
    """Frames (F, H, W[, 3]) uint8 of a walk, each with its time in [0, 1]; the length of z on the way, by kind of path.

    `note` says what the content filter did to them, if anything.
    """

    request: WalkRequest
    card: ModelCard
    frames: np.ndarray
    times: list[float]
    lengths: dict[str, list[float]]
    note: Text | None = None

    def facts(self) -> dict[str, Any]:
        """What a program is told beside the files."""
        return {}


def film(frames: np.ndarray, times: list[float], request: WalkRequest) -> tuple[np.ndarray, list[float]]:
    """Frames from A to B and their times, with the way back if asked for: neither end twice, so that the film loops."""
    if not request.there_and_back:
        return frames, times
    return np.concatenate([frames, frames[-2:0:-1]]), [*times, *times[-2:0:-1]]


def path_lengths(a: "Tensor", b: "Tensor", request: WalkRequest) -> dict[str, list[float]]:
    """The length of z on the way from a to b (d,), by kind of path."""
    from aigc_demo.models import latents

    paths = {name: latents.path(a, b, request.frames, name)[0] for name in latents.PATHS}
    return {name: rows.norm(dim=1).tolist() for name, rows in paths.items()}
