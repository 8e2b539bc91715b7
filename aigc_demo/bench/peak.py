"""What this machine can do at most, and what share of it the training steps use.

The most is that of plain matrix products and convolutions by dtype, forward and backward. Of a step only the products
and convolutions of its networks count as useful, once each, those of causal attention for the places that it looks at; what an
optimiser, a norm or a copy takes counts against it.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from aigc_demo.bench.material import write_pictures, write_text
from aigc_demo.bench.measure import Comparison, seconds
from aigc_demo.bench.race import settle
from aigc_demo.bench.train_pictures import twins
from aigc_demo.cli.flags import Asked
from aigc_demo.core.words import Text
from aigc_demo.models.family import Family, trained
from aigc_demo.models.precision import PAYS, fastest_dtype
from aigc_demo.training import TrainPlan, make_accelerator

ROUNDS, STEPS = 5, 4
WIDTH = 1024  # of the square matrices
BATCH, CHANNELS, SIDE = 64, 64, 28  # of the convolutions 3 x 3
UNIT = "GFLOP/s"
USED = {  # the share of the peak to reach, by dtype and what is read
    "bfloat16": {"texts": 0.45, "pictures": 0.25},
    "float32": {"texts": 0.6, "pictures": 0.6},
}


def measure(asked: Asked) -> list[Comparison]:
    """bfloat16 against float32 in plain products, then each family's step against the peak of its dtype."""
    device = asked.cache.device().name
    accelerator = make_accelerator(device)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        digits, text = write_pictures(asked, folder / "digits"), write_text(folder / "text.txt")
        data = {"pictures": digits, "texts": text}
        rows = [row for row in trained() if "full" in row.trains]
        plans = [TrainPlan(data[row.reads], folder / row.name, "base", 1000) for row in rows]
        learners = [twins(row.name, plan, accelerator)[0] for row, plan in zip(rows, plans, strict=True)]
        return [*dtypes(device), *(used(*pair, device) for pair in zip(rows, learners, strict=True))]


def dtypes(device: str) -> list[Comparison]:
    """Products and convolutions in both dtypes, forward and backward, in turns."""
    kinds = {
        Text("matrix product", "矩阵乘法"): product,
        Text("convolution 3 x 3", "3 x 3 卷积"): convolution,
    }
    ways = {Text("forward", "前向"): False, Text("backward", "反向"): True}
    found = []
    for kind, make in kinds.items():
        for way, backward in ways.items():
            half, single = (make(device, dtype, backward) for dtype in (torch.bfloat16, torch.float32))
            pairs = [(half(), single()) for _ in range(ROUNDS + 1)][1:]
            words = Text("{kind}, {way}, bfloat16 against float32", "{kind}，{way}，bfloat16 对照 float32")
            rates = [[pair[side] for pair in pairs] for side in (0, 1)]
            found.append(Comparison(words.format(kind=kind, way=way), UNIT, PAYS, *rates))
    return found


def product(device: str, dtype: torch.dtype, backward: bool = False) -> Callable[[], float]:
    """What gives the GFLOP/s of one square matrix product, or of its two derivatives."""
    left, right = torch.randn(2, WIDTH, WIDTH, device=device, dtype=dtype).unbind()
    return timed(lambda: left @ right, (left, right), 2 * WIDTH**3, backward)


def convolution(device: str, dtype: torch.dtype, backward: bool = False) -> Callable[[], float]:
    """The same of a convolution in channels last."""
    x = torch.randn(BATCH, CHANNELS, SIDE, SIDE, device=device, dtype=dtype)
    kernel = torch.randn(CHANNELS, CHANNELS, 3, 3, device=device, dtype=dtype)
    x, kernel = (part.to(memory_format=torch.channels_last) for part in (x, kernel))
    operations = 2 * BATCH * SIDE**2 * CHANNELS**2 * 9
    return timed(lambda: F.conv2d(x, kernel, padding=1), (x, kernel), operations, backward)


def timed(
    work: Callable[[], torch.Tensor], inputs: tuple[torch.Tensor, ...], operations: int, backward: bool
) -> Callable[[], float]:
    """GFLOP/s of `work`, or of its derivatives by all inputs, which take twice its operations."""
    if not backward:
        return lambda: operations / seconds(lambda: (work(), settle())) / 1e9

    def both_ways() -> float:
        for part in inputs:
            part.requires_grad_()
        result = work()
        gradient = torch.ones_like(result)
        settle()
        return (
            2 * operations / seconds(lambda: (torch.autograd.grad(result, inputs, gradient), settle())) / 1e9
        )

    return both_ways


def used(row: Family, learner: Any, device: str) -> Comparison:
    """Useful operations a second of a learner's steps, beside the peak of a matrix product in its dtype, in turns."""
    dtype = fastest_dtype(device)
    peak, operations = product(device, getattr(torch, dtype)), useful_operations(learner)

    def steps() -> float:
        took = seconds(lambda: ([learner.step(0.1, 1.0) for _ in range(STEPS)], settle()))
        return STEPS * operations / took / 1e9

    pairs = [(steps(), max(peak() for _ in range(STEPS))) for _ in range(ROUNDS + 1)][1:]
    size = sum(weight.numel() for weight in weights_of(learner)) / 1e6
    words = Text(
        "a step of a {name} of {size} M weights, useful operations against the peak of a matrix product in {dtype}",
        "{name}（{size} M 参数）的一步：有效运算对照 {dtype} 矩阵乘法的峰值",
    ).format(name=row.title, size=f"{size:.1f}", dtype=dtype)
    ours, most = ([pair[side] for pair in pairs] for side in (0, 1))
    return Comparison(words, UNIT, USED[dtype][row.reads], ours, most)


def useful_operations(learner: Any) -> int:
    """Operations of the networks' products and convolutions in one step, there and back; the optimisers stand still."""
    with still(learner), Operations() as counted:
        learner.step(0.1, 1.0)
    return counted.total


def attention_operations(products: int, causal: int) -> Callable[..., int]:
    """The formula of a fused attention of so many products; argument `causal` says whether half of each is left out."""

    def formula(*arguments: Any, **rest: Any) -> int:
        batch, heads, length, width = arguments[0].shape  # of the queries, or of their result's gradient
        whole = products * 2 * batch * heads * length**2 * width
        return whole // 2 if any(arguments[causal : causal + 1]) else whole

    return formula


class Operations(TorchDispatchMode):
    """Counts the operations of products and convolutions.

    torch's own FlopCounterMode fails on a gradient inside a step, and knows no fused attention of a CPU.
    """

    total = 0
    fused: ClassVar[Mapping[Any, Callable[..., int]]] = {
        torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: attention_operations(2, 4),
        torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: attention_operations(4, 7),
    }

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        packet = func._overloadpacket
        if formula := self.fused.get(packet) or flop_registry.get(packet):
            self.total += formula(*args, **(kwargs or {}), out_val=result)
        return result


@contextmanager
def still(learner: Any) -> Iterator[None]:
    """No optimiser of a learner moves, whose own products are no use of it, and networks compute in float32.

    For there attention is fused, and says whether half of it is left out; plain products would all count.
    """
    accelerator = learner.accelerator
    accelerator.autocast = nullcontext
    optimizers = [part for part in learner.parts().values() if isinstance(part, torch.optim.Optimizer)]
    for optimizer in optimizers:
        optimizer.step = lambda: None
    try:
        yield
    finally:
        del accelerator.autocast
        for optimizer in optimizers:
            del optimizer.step


def weights_of(learner: Any) -> list[torch.Tensor]:
    """The weights that a step moves."""
    optimizers = [part for part in learner.parts().values() if isinstance(part, torch.optim.Optimizer)]
    return [weight for part in optimizers for group in part.param_groups for weight in group["params"]]
