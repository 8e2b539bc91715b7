"""What a training run used of electricity: an estimate, which says how it was made."""

import ctypes
import time
from dataclasses import dataclass

WATTS_A_CORE = (
    10.0  # a busy core with its share of the package and memory; laptops lie below, servers about there
)


@dataclass(frozen=True)
class Energy:
    """Watt hours, and how they were found, in both languages."""

    watt_hours: float
    en: str
    zh: str


class EnergyMeter:
    """Made where training begins. On an NVIDIA device it reads the board's own counter, elsewhere it reckons."""

    def __init__(self, device: str, cores: int = 1) -> None:
        self.cores = cores
        self.counter = _nvml_counter(device) if device.startswith("cuda") else None
        self.start, self.joules = time.monotonic(), self.counter() if self.counter else 0.0

    def estimate(self, seconds: float) -> Energy:
        """The energy of a run of so many seconds in all, at the mean power since this meter was made."""
        if not self.counter:
            return Energy(
                self.cores * WATTS_A_CORE * seconds / 3600,
                en=f"{self.cores} cores at {WATTS_A_CORE:.0f} W each, for the wall time",
                zh=f"{self.cores} 个核心，每个按 {WATTS_A_CORE:.0f} W 乘以用时计",
            )
        watts = (self.counter() - self.joules) / max(time.monotonic() - self.start, 1e-3)
        return Energy(
            watts * seconds / 3600,
            en=f"the graphics board alone, {watts:.0f} W on average by its own counter",
            zh=f"仅显卡，按其自身计数器平均 {watts:.0f} W",
        )


def _nvml_counter(device: str):
    """A function that reads the joules this board has used since its driver was loaded; None where it cannot say.

    NVML's C interface: nvmlDeviceGetTotalEnergyConsumption, in millijoules, Volta and newer. The board is found
    by its UUID, since CUDA may number boards otherwise than NVML.
    """
    import torch

    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
        uuid = f"GPU-{torch.cuda.get_device_properties(torch.device(device)).uuid}".encode()
        board, millijoules = ctypes.c_void_p(), ctypes.c_ulonglong()
        ready = not nvml.nvmlInit_v2() and not nvml.nvmlDeviceGetHandleByUUID(uuid, ctypes.byref(board))
        if not ready or nvml.nvmlDeviceGetTotalEnergyConsumption(board, ctypes.byref(millijoules)):
            return None
    except (OSError, AttributeError, RuntimeError, AssertionError):
        return None

    def read() -> float:
        nvml.nvmlDeviceGetTotalEnergyConsumption(board, ctypes.byref(millijoules))
        return millijoules.value / 1000

    return read
