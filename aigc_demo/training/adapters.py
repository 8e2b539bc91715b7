r"""Low-rank adapters: a small, separate change to a model that itself stays as it is.

    $W' x = W x + \frac{\alpha}{r} B A x,\qquad A \in \mathbb{R}^{r \times n},\; B \in \mathbb{R}^{m \times r},\; B_0 = 0$

Only A and B are learned. Since B starts at zero, the first picture or text of a run is the base's own, and taking
the adapter away gives the base back exactly. (Hu et al. 2021, LoRA, equation 3.)
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from aigc_demo.training.plan import TrainPlan
from aigc_demo.training.processes import average_gradients

MOST = 1.0  # length of the gradient, all weights together, beyond which a step is shortened
CONFIG = ("peft_type", "task_type", "r", "lora_alpha", "target_modules", "lora_dropout", "bias")


class AdapterWeights:
    """The learned weights of an adapted network by name, in float32: a part of a learner's state."""

    def __init__(self, network: nn.Module) -> None:
        learned = network.named_parameters()
        self.weights = {name: weight for name, weight in learned if weight.requires_grad}

    def state_dict(self) -> dict[str, Tensor]:
        """Every weight by its name; nothing of the base."""
        return {name: weight.detach() for name, weight in self.weights.items()}

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Go on from `state_dict()`."""
        for name, weight in self.weights.items():
            weight.copy_(state[name])


def lora_config(plan: TrainPlan, modules: str | Sequence[str], task: str | None = None) -> Any:
    """peft's configuration for the plan's rank and alpha on these modules."""
    from peft import LoraConfig

    return LoraConfig(
        r=plan.lora_rank,
        lora_alpha=plan.lora_alpha,
        target_modules=modules if isinstance(modules, str) else list(modules),
        task_type=task,
    )


def plain_config(config: Any) -> dict[str, Any]:
    """What adapter_config.json needs of peft's configuration: no paths, and no more than it takes to load it."""
    values = {name: getattr(config, name) for name in CONFIG}
    return {**values, "peft_type": "LORA", "target_modules": sorted(values["target_modules"])}


def make_optimizer(adapter: AdapterWeights, rate: float) -> torch.optim.AdamW:
    """AdamW over the adapter. (Loshchilov and Hutter 2019.)"""
    return torch.optim.AdamW(list(adapter.weights.values()), lr=rate, weight_decay=0.01, fused=True)


def take_step(adapter: AdapterWeights, optimizer: torch.optim.Optimizer, accelerator: Any) -> Tensor:
    """One step on the gradients that have been summed up, shortened where it is long; the gradient's length."""
    weights = list(adapter.weights.values())
    average_gradients(weights, accelerator)
    length = torch.nn.utils.clip_grad_norm_(weights, MOST)
    optimizer.step()
    optimizer.zero_grad()
    return length


def dtype_of(accelerator: Any) -> str:
    """The dtype in which a frozen base is held: bfloat16 where the hardware multiplies it."""
    return "bfloat16" if accelerator.mixed_precision == "bf16" else "float32"
