"""How much memory this machine has, how much of it is free, and how to give back what is no longer used.

Nothing here waits for torch where the device is the CPU.
"""

import errno
import gc
import traceback
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")  # where a Linux container reads its limits
# as torch says it
OUT_OF_MEMORY = ("out of memory", "not enough memory", "can't allocate memory", "ALLOC_FAILED")


def total_memory(device: str) -> int:
    """Bytes of memory: of the board for CUDA, what Apple's driver recommends, else of the machine or its container."""
    import psutil

    if device.startswith("cuda"):
        import torch

        return torch.cuda.get_device_properties(device).total_memory
    if device == "mps":
        import torch

        return torch.mps.recommended_max_memory()
    total = psutil.virtual_memory().total
    limit = _cgroup_bytes("memory.max")
    return total if limit is None else min(total, limit)


def free_memory(device: str) -> int:
    """Bytes that could be used now: what the driver or the system has left, and what torch keeps for reuse."""
    import psutil

    if device.startswith("cuda"):
        import torch

        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + kept
    if device == "mps":
        import torch

        return total_memory(device) - torch.mps.driver_allocated_memory()
    free = psutil.virtual_memory().available
    limit, used = _cgroup_bytes("memory.max"), _cgroup_bytes("memory.current")
    if limit is None or used is None:
        return free
    return min(free, limit - used + _cached_file_bytes())


def _cgroup_bytes(name: str) -> int | None:
    """A figure of the container's own; None where there is no limit."""
    try:
        return int((CGROUP / name).read_text())
    except (OSError, ValueError):
        return None


def _cached_file_bytes() -> int:
    """Bytes of the container's memory that only cache files, and are given up when they are needed."""
    try:
        lines = (CGROUP / "memory.stat").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))
    except (OSError, ValueError, IndexError):
        return 0


def give_back_memory() -> None:
    """Collect what nobody holds, and return torch's own reserve to the device."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on whatever device."""
    import torch

    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in OUT_OF_MEMORY)


def clear_traceback(error: BaseException) -> None:
    """Drop the tensors that an error's traceback, and those of its causes, still hold."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
