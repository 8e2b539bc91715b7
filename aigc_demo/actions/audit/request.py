"""What may be asked of a probe."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from aigc_demo.core.words import Words
from aigc_demo.schemas import Request, Seed


class ProbeSettings(BaseModel):
    """How a model is looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: Annotated[
        int,
        Field(ge=0, le=10_000),
        Words(
            "Samples",
            "样本数",
            "Pictures or texts to make; 0: 1000 pictures, 32 texts.",
            "生成多少图片或文字；0 为 1000 张图片或 32 篇文字。",
        ),
    ] = 0
    seed: Annotated[Seed, Words("Seed", "随机种子")] = 0


class ProbeRequest(Request, ProbeSettings):
    """Ask whether a model copies, and which classes it draws."""
