"""What may be asked of an audit."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from aigc_demo.core.words import FieldLabel, Text
from aigc_demo.schemas import Request, Seed


class AuditSettings(BaseModel):
    """How a model is looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: Annotated[
        int,
        Field(ge=0, le=10_000),
        FieldLabel(
            "Samples",
            "样本数",
            Text(
                "Pictures or texts to make; 0: 1000 pictures, 200 of words, 32 texts.",
                "生成多少图片或文字；0 为 1000 张图片、200 张按文字画的图片或 32 篇文字。",
            ),
        ),
    ] = 0
    seed: Annotated[Seed, FieldLabel("Seed", "随机种子")] = 0


class AuditRequest(Request, AuditSettings):
    """Ask whether a model copies, and which classes it draws."""
