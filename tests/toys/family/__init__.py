"""A toy family: one picture a class, its mean, and two directions in which pictures differ from it."""

from pathlib import Path
from typing import Any

from aigc_demo.core.words import Text
from aigc_demo.models.family import PICTURE_LIMITS, Family, Goal, Training

FAMILY = Family(
    "toy",
    Text("Mean picture", "平均图"),
    reads="pictures",
    tasks=("image", "latent"),
    trains={"full": Training("pytorch", ("size",))},
    sizes=("tiny", "small"),
    pipeline_tag="unconditional-image-generation",
    run_stem="mean",
    curves={"loss": (("loss", 1, False), ("held_out_loss", 1, True))},
    limits=PICTURE_LIMITS,
    packages=("einops",),
    goal=Goal("held_out_loss", "held_out_loss"),
)


def load(folder: Path, device: str) -> Any:
    """The model of a run folder, on `device`."""
    from aigc_demo.families.toy.model import Means

    return Means(folder, device)
