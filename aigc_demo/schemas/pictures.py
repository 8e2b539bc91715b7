"""What may be asked of models that draw."""

from typing import Annotated, Literal

from pydantic import Field

from aigc_demo.core.words import FieldLabel, Text
from aigc_demo.schemas.base import (
    ADAPTER,
    ADAPTER_WEIGHT,
    GUIDANCE,
    MODEL,
    PSI,
    SEED,
    STEPS,
    AdapterId,
    AdapterWeight,
    Guidance,
    Label,
    PicturePath,
    PicturePrompt,
    Psi,
    Request,
    Seed,
    StepCount,
)


class ImageRequest(Request):
    """Ask for pictures of chosen classes."""

    model: Annotated[str, Field(min_length=1, max_length=200), MODEL] = "gan-digits"
    label: Annotated[
        Label,
        FieldLabel(
            "Class",
            "类别",
            Text(
                '"all", or classes by number or name, with commas.',
                "all 表示全部，或用逗号分隔的类别编号或名称。",
            ),
        ),
    ] = "all"
    count: Annotated[
        int, Field(ge=1, le=64), FieldLabel("Count", "数量", Text("How many pictures.", "生成多少张图。"))
    ] = 40
    seed: Annotated[Seed, SEED] = 42
    truncation_psi: Annotated[Psi, PSI] = 1.0
    prior: Annotated[
        Literal["density", "normal"],
        FieldLabel(
            "Sample from",
            "采样自",
            Text(
                "A VAE's latents: the density fitted on real codes, or the plain N(0, I), which knows no classes.",
                "VAE 的潜向量取自：在真实编码上拟合的密度，或标准正态 N(0, I)，后者不分类别。",
            ),
        ),
    ] = "density"
    num_inference_steps: Annotated[StepCount, STEPS] = 0
    guidance_scale: Annotated[Guidance, GUIDANCE] = -1.0


class ArrayRequest(ImageRequest):
    """The same, in numbers large enough to measure a model with; command line only."""

    count: Annotated[int, Field(ge=1, le=100_000)] = 10_000


LatentValue = Annotated[float, Field(ge=-20, le=20, allow_inf_nan=False)]


class ReconstructRequest(Request):
    """Ask an autoencoder to encode a picture and decode it again."""

    model: Annotated[str, Field(min_length=1, max_length=200), MODEL] = "vae-digits"
    image: Annotated[str, Field(min_length=1, max_length=1000), FieldLabel("Picture", "图片")]
    noise: Annotated[
        float,
        Field(ge=0, le=1, allow_inf_nan=False),
        FieldLabel(
            "Noise",
            "噪声",
            Text("Standard deviation of the noise added before encoding.", "编码之前加入的噪声的标准差。"),
        ),
    ] = 0.0
    damage: Annotated[
        Literal["whole", "halved", "hole"],
        FieldLabel(
            "Damage",
            "损坏",
            Text(
                "What is done to the picture before encoding: half the resolution, or a hole, which the seed places.",
                "编码之前如何损坏图片：分辨率减半，或挖去一块（位置由随机种子决定）。",
            ),
        ),
    ] = "whole"
    neighbours: Annotated[
        int,
        Field(ge=1, le=16),
        FieldLabel(
            "Neighbours",
            "近邻",
            Text("How many of the nearest training codes to show.", "显示多少个最近的训练样本编码。"),
        ),
    ] = 8
    latent: Annotated[
        list[LatentValue],
        Field(max_length=1024),
        FieldLabel(
            "Latent vector",
            "潜向量",
            Text(
                "Decode these numbers instead of the picture's own; empty: its own.",
                "改为解码这些数值；留空则解码图片自己的潜向量。",
            ),
        ),
    ] = []  # noqa: RUF012  (pydantic copies defaults)
    seed: Annotated[Seed, SEED] = 42


class DrawRequest(Request):
    """Ask a diffusion model for pictures of a sentence; from a picture, and inside a mask, where these are given."""

    model: Annotated[str, Field(min_length=1, max_length=200), MODEL] = "draw-heroes"
    prompt: Annotated[
        PicturePrompt, FieldLabel("Prompt", "提示词", Text("What the picture shows.", "画面的内容。"))
    ] = ""
    negative_prompt: Annotated[
        PicturePrompt,
        FieldLabel(
            "Negative prompt",
            "反向提示词",
            Text(
                "What the picture should not show; needs a guidance above 1.",
                "画面中不要出现的内容；引导强度大于 1 时才起作用。",
            ),
        ),
    ] = ""
    image: Annotated[
        PicturePath, FieldLabel("Picture", "起始图片", Text("A picture to start from.", "从这张图片开始画。"))
    ] = ""
    mask: Annotated[
        PicturePath,
        FieldLabel(
            "Mask",
            "蒙版",
            Text(
                "White where the picture is to be drawn anew, of the picture's size.",
                "白色处重新绘制，大小与图片相同。",
            ),
        ),
    ] = ""
    strength: Annotated[
        float,
        Field(gt=0, le=1, allow_inf_nan=False),
        FieldLabel(
            "Strength",
            "重绘幅度",
            Text(
                "How far to go from the picture: near 0 keeps it, 1 forgets it. FLUX.2 goes by this only where there is a mask.",
                "偏离原图的程度：接近 0 几乎不变，1 完全重画。FLUX.2 仅在有蒙版时使用它。",
            ),
        ),
    ] = 0.75
    width: Annotated[
        int,
        Field(ge=0, le=2048),
        FieldLabel("Width", "宽度", Text("Pixels; 0: the model's own.", "像素；0 为模型默认。")),
    ] = 0
    height: Annotated[
        int,
        Field(ge=0, le=2048),
        FieldLabel("Height", "高度", Text("Pixels; 0: the model's own.", "像素；0 为模型默认。")),
    ] = 0
    num_inference_steps: Annotated[StepCount, STEPS] = 0
    guidance_scale: Annotated[Guidance, GUIDANCE] = -1.0
    count: Annotated[
        int, Field(ge=1, le=64), FieldLabel("Count", "数量", Text("How many pictures.", "生成多少张图。"))
    ] = 1
    seed: Annotated[Seed, SEED] = 42
    adapter: Annotated[AdapterId, ADAPTER] = ""
    adapter_weight: Annotated[AdapterWeight, ADAPTER_WEIGHT] = 1.0


class UpscaleRequest(Request):
    """Ask for a picture in more pixels."""

    model: Annotated[str, Field(min_length=1, max_length=200), MODEL] = "realesrgan-x4"
    image: Annotated[
        str,
        Field(min_length=1, max_length=1000),
        FieldLabel("Picture", "图片", Text("What to enlarge.", "要放大的图片。")),
    ]
