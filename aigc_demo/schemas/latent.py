"""What may be asked of a latent space."""

from typing import Annotated, Literal

from pydantic import Field

from aigc_demo.core.words import FieldLabel, Text
from aigc_demo.schemas.base import (
    GUIDANCE,
    MODEL,
    PSI,
    STEPS,
    Guidance,
    Label,
    PicturePrompt,
    Psi,
    Request,
    Seed,
    StepCount,
)


class WalkRequest(Request):
    """Ask for a film from one point of latent space to another."""

    model: Annotated[str, Field(min_length=1, max_length=200), MODEL] = "vae-digits"
    from_seed: Annotated[Seed, FieldLabel("Seed of A", "A 的种子")] = 1
    to_seed: Annotated[Seed, FieldLabel("Seed of B", "B 的种子")] = 2
    from_label: Annotated[Label, FieldLabel("Class of A", "A 的类别")] = "2"
    to_label: Annotated[Label, FieldLabel("Class of B", "B 的类别")] = "7"
    from_image: Annotated[str, Field(max_length=1000), FieldLabel("Picture of A", "A 的图片")] = ""
    to_image: Annotated[str, Field(max_length=1000), FieldLabel("Picture of B", "B 的图片")] = ""
    from_prompt: Annotated[
        PicturePrompt, FieldLabel("Prompt of A", "A 的提示词", Text("What A shows.", "A 的内容。"))
    ] = ""
    to_prompt: Annotated[
        PicturePrompt, FieldLabel("Prompt of B", "B 的提示词", Text("What B shows.", "B 的内容。"))
    ] = ""
    interpolation: Annotated[
        Literal["slerp", "lerp"],
        FieldLabel(
            "Path",
            "路径",
            Text(
                "Along the sphere, as Gaussian vectors lie, or straight.",
                "沿球面（高斯向量的所在），或走直线。",
            ),
        ),
    ] = "slerp"
    frames: Annotated[int, Field(ge=2, le=120), FieldLabel("Frames", "帧数")] = 24
    there_and_back: Annotated[
        bool,
        FieldLabel(
            "There and back",
            "往返",
            Text("The film returns to A, so that it loops.", "影片回到 A，可以循环播放。"),
        ),
    ] = True
    fps: Annotated[int, Field(ge=1, le=50), FieldLabel("Frames a second", "每秒帧数")] = 12
    truncation_psi: Annotated[Psi, PSI] = 1.0
    num_inference_steps: Annotated[StepCount, STEPS] = 0
    guidance_scale: Annotated[Guidance, GUIDANCE] = -1.0


class GridRequest(Request):
    """Ask for the square between four points of latent space."""

    model: Annotated[str, Field(min_length=1, max_length=200), MODEL] = "vae-digits"
    seeds: Annotated[
        list[Seed], Field(min_length=4, max_length=4), FieldLabel("Seeds of the corners", "四角的种子")
    ] = [1, 2, 3, 4]  # noqa: RUF012  (pydantic copies defaults)
    labels: Annotated[
        list[Label], Field(min_length=4, max_length=4), FieldLabel("Classes of the corners", "四角的类别")
    ] = ["0", "1", "6", "7"]  # noqa: RUF012
    interpolation: Annotated[Literal["slerp", "lerp"], FieldLabel("Path", "路径")] = "slerp"
    size: Annotated[int, Field(ge=2, le=16), FieldLabel("Pictures a side", "每边张数")] = 8
    truncation_psi: Annotated[Psi, PSI] = 1.0
