"""From a request to the family's learner, and to the figures of a finished run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from aigc_demo.jobs.request import TrainRequest
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import family

if TYPE_CHECKING:
    from accelerate import Accelerator

    from aigc_demo.training import Learner, TrainPlan


def make_plan(request: TrainRequest, data: Path, run: Path, start: ModelCard | None) -> "TrainPlan":
    """The request with its names resolved to folders."""
    from aigc_demo.training import TrainPlan

    own = request.model_dump(exclude={"family", "name", "data", "start", "method", "held_out"})
    folder, base = start and start.folder, start if request.method == "lora" else None
    return TrainPlan(data=data, run=run, start=folder, base=base, **own)


def make_learner(request: TrainRequest, plan: "TrainPlan", accelerator: "Accelerator") -> "Learner":
    """What the family's train.py offers, or for an adapter its lora.py."""
    return family(request.family).part("lora" if plan.base else "train").make_learner(plan, accelerator)


def evaluate(request: TrainRequest, plan: "TrainPlan", device: str) -> dict[str, Any]:
    """The family's figures of merit on held-out data, for the model card."""
    if plan.base:
        return family(request.family).part("lora").evaluate(plan, device)
    return family(request.family).part("evaluate").evaluate(plan.run, plan.data, device)
