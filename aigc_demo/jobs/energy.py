"""What a training run used of electricity, where the device counts it."""

import ctypes
import time
from collections.abc import Callable


class EnergyMeter:
    """Made where training begins. Reads an NVIDIA board's own counter; elsewhere nothing is measured."""

    def __init__(self, device: str) -> None:
        self.counter = _nvml_counter(device) if device.startswith("cuda") else None
        self.start, self.joules = time.monotonic(), self.counter() if self.counter else 0.0

    def watt_hours(self, seconds: float) -> float | None:
        """What the board used in a run of so many seconds in all, at its mean power since this meter was made."""
        if not self.counter:
            return None
        watts = (self.counter() - self.joules) / max(time.monotonic() - self.start, 1e-3)
        return watts * seconds / 3600


def _nvml_counter(device: str) -> Callable[[], float] | None:
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
