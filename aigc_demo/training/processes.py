"""One process or many, by Hugging Face accelerate: the device, the precision, and the averaging of gradients.

Under `torchrun` or `accelerate launch` every process runs the same loop on its share of each batch. All of them
draw the whole batch from the same seeded generator and keep their own rows, so that two processes with batches
of b compute what one process computes with 2 b.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from aigc_demo.models.precision import fastest_dtype

if TYPE_CHECKING:
    from accelerate import Accelerator


def make_accelerator(device: str) -> "Accelerator":
    """accelerate's view of this process: its rank and device; bfloat16 where that pays, else float32."""
    from accelerate import Accelerator

    if device.startswith("cuda:"):
        torch.cuda.set_device(device)
    bfloat16 = fastest_dtype(device) == "bfloat16"
    return Accelerator(cpu=device == "cpu", mixed_precision="bf16" if bfloat16 else "no")


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
