"""What may be asked of a classifier."""

from typing import Annotated

from pydantic import Field

from aigc_demo.core.words import FieldLabel, Text
from aigc_demo.schemas.base import MODEL, Label, Request


class ClassifyRequest(Request):
    """Ask which class a picture shows."""

    model: Annotated[str, Field(min_length=1, max_length=200), MODEL] = "class-digits"
    image: Annotated[
        str,
        Field(min_length=1, max_length=1000),
        FieldLabel("Picture", "图片", Text("What to name.", "要识别的图片。")),
    ]
    label: Annotated[
        Label,
        FieldLabel(
            "Class",
            "类别",
            Text(
                "The class, by number or name, whose evidence is looked for in the picture; empty: the likeliest.",
                "在图片中寻找哪一类的依据，填编号或名称；留空则为最可能的一类。",
            ),
        ),
    ] = ""
