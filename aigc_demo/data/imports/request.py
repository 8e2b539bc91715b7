"""What one may choose when bringing data of one's own: the page's widgets and the command line's flags."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from aigc_demo.core.words import FieldLabel, Text

NAME = r"^\w[\w.-]{0,59}$"
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(10))}


def _portable(name: str) -> str:
    """A name that can be a folder on every system: Windows keeps some for devices, and drops a dot at the end."""
    if name.split(".", maxsplit=1)[0].lower() in DEVICES or name.endswith("."):
        raise ValueError("this name cannot be a folder on Windows")
    return name


class ImportSettings(BaseModel):
    """How files become a data set; on the command line, the flags of `data add`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Annotated[
        Literal["auto", "pictures", "text", "chat", "pairs"],
        FieldLabel(
            "Kind",
            "类型",
            Text(
                "Pictures (a caption may lie beside each, as cat.txt or cat.caption or in metadata.jsonl, their classes in "
                "folders or in dataset.json), text, conversations (JSON, tables), or pairs of texts (two columns, or a tab "
                "between two texts); auto looks into the files.",
                "图片（说明可放在旁边，如 cat.txt、cat.caption，或写在 metadata.jsonl；类别由文件夹或 dataset.json 给出）、文本，"
                "对话（JSON、表格），或成对的文字（两列，或用制表符隔开）；auto 会查看文件内容来判断。",
            ),
        ),
    ] = "auto"
    side: Annotated[
        int,
        Field(ge=28, le=1024, multiple_of=4),
        FieldLabel(
            "Side in pixels",
            "边长（像素）",
            Text(
                "All pictures become squares of this side, a multiple of 4: 28 to 128 for a GAN or VAE, 256 to 1024 to "
                "teach a diffusion model. Twice the side takes about four times as long to train.",
                "所有图片都变成此边长的正方形，须为 4 的倍数：GAN 和 VAE 用 28 到 128，教扩散模型用 256 到 1024。边长加倍，训练时间约为四倍。",
            ),
        ),
    ] = 64
    colour: Annotated[
        Literal["auto", "grey", "colour"],
        FieldLabel(
            "Colour",
            "颜色",
            Text(
                "Grey is easier to learn; auto keeps colour where any picture has it.",
                "灰度更容易学；auto 在有彩色图片时保留颜色。",
            ),
        ),
    ] = "auto"
    crop: Annotated[
        Literal["centre", "pad", "stretch"],
        FieldLabel(
            "How to make it square",
            "变为正方形的方式",
            Text(
                "Cut out the centre, pad the short side in the border's tone, or stretch.",
                "裁出中央、按边缘色调补齐短边，或拉伸。",
            ),
        ),
    ] = "centre"
    validation_share: Annotated[
        float,
        Field(ge=0.05, le=0.5, allow_inf_nan=False),
        FieldLabel(
            "Held-out share",
            "验证集比例",
            Text(
                "This part is never trained on: it shows whether the model learnt or only memorised.",
                "这一部分不参与训练，用来判断模型是真正学会还是只是背下来。",
            ),
        ),
    ] = 0.1
    drop_duplicates: Annotated[
        bool,
        FieldLabel(
            "Drop near-duplicates",
            "去除近似重复",
            Text(
                "Of pictures or texts that are nearly the same only the first is kept; copies invite memorising.",
                "几乎相同的图片或文本只保留第一份；重复的数据会让模型死记硬背。",
            ),
        ),
    ] = True
    licence: Annotated[
        str,
        Field(min_length=1, max_length=200),
        AfterValidator(str.strip),
        FieldLabel(
            "Licence",
            "许可",
            Text(
                "Under which terms you may use these data, such as CC BY 4.0 or own work; it goes into the model card.",
                "您依据什么条款使用这些数据，例如 CC BY 4.0 或自己的作品；会写入模型卡。",
            ),
        ),
    ] = "not stated"
    consent: Annotated[
        bool,
        FieldLabel(
            "I may use these data for this",
            "我有权将这些数据用于此目的",
            Text(
                "They are mine or their makers allow it, and the people in them agree.",
                "数据属于我或作者允许使用，并且其中的人物同意。",
            ),
        ),
    ] = False


class ImportRequest(ImportSettings):
    """Ask for a data set made of one's own files. It replaces an own set of the same name once all went well."""

    name: Annotated[
        str,
        Field(pattern=NAME),
        AfterValidator(_portable),
        FieldLabel(
            "Name of the data set",
            "数据集名称",
            Text(
                "Letters, digits, dot, dash; choose a name that says what is in it.",
                "字母、数字、点、短横线；请取一个能说明内容的名称。",
            ),
        ),
    ]
    folder: Annotated[
        str,
        Field(max_length=1000),
        AfterValidator(str.strip),
        FieldLabel(
            "Folder on this computer",
            "本机文件夹",
            Text(
                "Instead of an upload; its sub-folders become classes.",
                "代替上传；其中的子文件夹会成为类别。",
            ),
        ),
    ] = ""
