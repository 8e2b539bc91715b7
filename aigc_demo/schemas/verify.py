"""A file or a text whose making is to be looked into."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from aigc_demo.core.words import FieldLabel, Text
from aigc_demo.schemas.base import PicturePath

MAX_TEXT = 100_000  # characters


class VerifyRequest(BaseModel):
    """Read what a file or a text shows about its making: label, source, recipe, signature, hidden marks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Annotated[
        PicturePath,
        FieldLabel(
            "File",
            "文件",
            Text(
                "PNG, JPEG, WebP, GIF, MP4, WAV or text, up to 64 MB.",
                "PNG、JPEG、WebP、GIF、MP4、WAV 或文本，不超过 64 MB。",
            ),
        ),
    ] = ""
    text: Annotated[
        str,
        Field(max_length=MAX_TEXT),
        FieldLabel(
            "Text", "文字", Text("A text to look at where there is no file.", "没有文件时要检查的文字。")
        ),
    ] = ""
