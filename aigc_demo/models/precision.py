"""In which numbers a device multiplies fastest, found out by multiplying: names and flags of processors do not tell.

A processor with AMX multiplies bfloat16 six to eight times as fast as float32; one that has to emulate it takes ten
times as long, and some have it in their instructions and gain nothing.
"""

import time
from dataclasses import dataclass
from functools import cache
from typing import Literal

from aigc_demo.core.words import Text

WIDTH = 512  # of the square matrices: 0.27 GFLOP a product, as large as those of the networks here
SMALL = 128  # of the first try
SECONDS = 0.03  # of a dtype and a width
LEAST = 5  # products, of which the first sets things up
PAYS = 1.5  # times as fast: less is eaten up by the casts


@dataclass(frozen=True)
class Rates:
    """Operations a second of a matrix product in either dtype."""

    float32: float
    bfloat16: float

    @property
    def fastest(self) -> Literal["float32", "bfloat16"]:
        """bfloat16 where it pays, else float32."""
        return "bfloat16" if self.bfloat16 >= PAYS * self.float32 else "float32"

    @property
    def reason(self) -> Text:
        """Why, in words."""
        ratio = self.bfloat16 / self.float32
        return Text(
            f"bfloat16 measured at {ratio:.2g} times the speed of float32",
            f"实测 bfloat16 的速度是 float32 的 {ratio:.2g} 倍",
        )


@cache
def measured_rates(device: str) -> Rates:
    """Both rates of a device, measured once a process in about 100 ms; imports torch.

    On one thread: two wait for each other wherever another process has a core, and what is measured is that wait.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return Rates(_rate(device, "float32"), _rate(device, "bfloat16"))
    finally:
        torch.set_num_threads(threads)


def fastest_dtype(device: str) -> Literal["float32", "bfloat16"]:
    """What to multiply in on a device.

    A GPU is asked instead of measured: those that have bfloat16 gain by it. Apple's has it and gains nothing.
    """
    if device.startswith("cuda"):
        import torch

        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    return measured_rates(device).fastest if device == "cpu" else "float32"


def _rate(device: str, dtype: str) -> float:
    """The best of some products: what another process takes away does not count."""
    small = _product_seconds(device, dtype, SMALL)
    if small * (WIDTH / SMALL) ** 3 > SECONDS:  # emulated: the large one would say the same
        return 2 * SMALL**3 / small
    return 2 * WIDTH**3 / _product_seconds(device, dtype, WIDTH)


def _product_seconds(device: str, dtype: str, width: int) -> float:
    """Wall time of a matrix product, the least of at least `LEAST`."""
    import torch

    left, right = torch.ones(2, width, width, dtype=getattr(torch, dtype), device=device)
    times, end = [], time.perf_counter() + SECONDS
    while len(times) < LEAST or time.perf_counter() < end:
        start = time.perf_counter()
        left @ right
        times.append(time.perf_counter() - start)
    return min(times)
