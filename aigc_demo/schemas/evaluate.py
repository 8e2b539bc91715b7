"""What may be asked of an evaluation."""

from typing import Annotated

from pydantic import AfterValidator, Field

from aigc_demo.core.words import FieldLabel, Text
from aigc_demo.schemas.base import MODEL, SEED, Label, Request, Seed

MOST_MODELS = 4


def without_blanks(names: list[str]) -> list[str]:
    """Each name once, and none that is empty."""
    return list(dict.fromkeys(name for name in names if name))


class EvaluateRequest(Request):
    """Ask how good models are: figures with 95 % intervals, on data that they have not learnt from."""

    model: Annotated[str, Field(min_length=1, max_length=200), MODEL] = "gan-digits"
    against: Annotated[
        list[Label],
        Field(max_length=MOST_MODELS - 1),
        AfterValidator(without_blanks),
        FieldLabel(
            "Against",
            "对比模型",
            Text(
                "Up to three other models that do the same; differences are to the first.",
                "最多三个做同一件事的其他模型；差值以第一个模型为基准。",
            ),
        ),
    ] = []  # noqa: RUF012  (pydantic copies defaults)
    data: Annotated[
        Label,
        FieldLabel(
            "Data",
            "数据集",
            Text(
                "Whose held-out part is measured on; empty: what the first model was trained on.",
                "在其留出部分上评测；留空则用第一个模型的训练数据集。",
            ),
        ),
    ] = ""
    count: Annotated[
        int,
        Field(ge=8, le=5000),
        FieldLabel(
            "Items",
            "样本数 n",
            Text(
                "How many texts or pictures; four times as many halve the interval.",
                "文字或图片的数量；样本增至四倍，区间约缩短一半。",
            ),
        ),
    ] = 100
    seeds: Annotated[
        int,
        Field(ge=1, le=10),
        FieldLabel(
            "Seeds",
            "种子数",
            Text(
                "From how many seeds n are made each; all are counted together, and each is told by itself.",
                "用几个种子各生成 n 个；合并计算，并分别列出。",
            ),
        ),
    ] = 1
    seed: Annotated[Seed, SEED] = 0
    features: Annotated[
        Label,
        FieldLabel(
            "Features of",
            "特征来自",
            Text(
                "Pictures are compared by what this model sees in them; empty: the best that is here.",
                "用该模型看到的特征来比较图片；留空则自动选取本机最合适的。",
            ),
        ),
    ] = ""
