"""One process or many, by Hugging Face accelerate: the device, the precision, and the averaging of gradients.

Under `torchrun` or `accelerate launch` every process runs the same loop on its share of each batch. All of them
draw the whole batch from the same seeded generator and keep their own rows, so that two processes with batches
of b compute what one process computes with 2 b.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from aigc_demo.models.precision import fastest_dtype

if TYPE_CHECKING:
    from accelerate import Accelerator


def make_accelerator(device: str, precision: Literal["float32", "bfloat16", ""] = "") -> "Accelerator":
    """accelerate's view of this process: its rank and device.

    `precision` is what a run that goes on began with; left out: bfloat16 where that pays, else float32. The first
    process measures, for two measurements can differ, and then neither processes nor a run before and after a kill agree.
    """
    from accelerate import Accelerator, PartialState
    from accelerate.utils import broadcast_object_list

    if device.startswith("cuda:"):
        torch.cuda.set_device(device)
    state = PartialState(cpu=device == "cpu")
    found = [(precision or fastest_dtype(device)) if state.is_main_process else ""]
    broadcast_object_list(found)
    return Accelerator(cpu=device == "cpu", mixed_precision="bf16" if found[0] == "bfloat16" else "no")


def own_share(batch: Tensor, accelerator: "Accelerator") -> Tensor:
    """The rows of a whole batch (N, ...) that this process computes on, on its device; N is a multiple of the processes."""
    count, rank = accelerator.num_processes, accelerator.process_index
    return batch.view(count, len(batch) // count, *batch.shape[1:])[rank].to(accelerator.device)


@torch.no_grad()
def average_gradients(parameters: Iterable[Tensor], accelerator: "Accelerator") -> None:
    """Replace each gradient by its mean over the processes, in one message, between backward() and step().

    By hand rather than by DistributedDataParallel: a gradient penalty differentiates twice, which its hooks do
    not allow for (Karras et al. 2020, StyleGAN2-ADA, average so too). Nothing to do for one process.
    """
    if accelerator.num_processes == 1:
        return
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    flat = accelerator.reduce(torch.cat([gradient.flatten() for gradient in gradients]), "mean")
    for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))
