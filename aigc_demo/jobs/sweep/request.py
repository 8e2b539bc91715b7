"""What may be asked of a sweep."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from aigc_demo.core.words import FieldLabel, Text
from aigc_demo.jobs.request import TrainRequest
from aigc_demo.schemas import Seed

MOST_RUNS = 64


class SweepPlan(BaseModel):
    """How to search: the flags and widgets beside those of a training."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    search: Annotated[
        Literal["grid", "random", "halving"],
        FieldLabel(
            "Search",
            "搜索方法",
            Text(
                "grid: every combination; random: combinations by chance, also from ranges; halving: the same, but the worse "
                "half stops at a quarter of the steps, and again at half of them.",
                "grid：每种组合；random：随机组合，也可取自范围；halving：同随机，但较差的一半在四分之一步数处停止，在半程再减半。",
            ),
        ),
    ] = "grid"
    runs: Annotated[
        int,
        Field(ge=2, le=MOST_RUNS),
        FieldLabel(
            "Runs at most",
            "最多训练次数",
            Text(
                "Of a larger grid, so many combinations by chance.",
                "网格更大时，随机取其中这么多种组合。",
            ),
        ),
    ] = 12
    minutes: Annotated[
        float,
        Field(ge=0, le=100_000, allow_inf_nan=False),
        FieldLabel(
            "Minutes at most",
            "最多分钟数",
            Text(
                "No run is begun that would not end in time. 0: as long as it takes.",
                "预计不能按时结束的训练不再开始。0 为不限时间。",
            ),
        ),
    ] = 0.0
    draw_seed: Annotated[
        Seed,
        FieldLabel(
            "Seed of the draws",
            "抽取用的随机种子",
            Text("The same seed draws the same combinations.", "相同的种子抽到相同的组合。"),
        ),
    ] = 0


class SweepRequest(SweepPlan):
    """Ask for a sweep: `base` is the training that is varied, its name the sweep's; `vary`, over what (space.py)."""

    base: TrainRequest
    vary: dict[str, Annotated[str, Field(max_length=400)]]
