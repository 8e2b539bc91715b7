"""The request of a toy task: a picture and its mirror image."""

from typing import Annotated

from pydantic import Field

from aigc_demo.core.words import FieldLabel
from aigc_demo.schemas.base import MODEL, SEED, Request, Seed


class MirrorRequest(Request):
    """Ask for a picture beside its mirror image."""

    model: Annotated[str, Field(min_length=1, max_length=200), MODEL] = "vae-digits"
    seed: Annotated[Seed, SEED] = 0
    gap: Annotated[int, Field(ge=0, le=8), FieldLabel("Gap", "间距")] = 1
