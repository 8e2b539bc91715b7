"""What a job may take of this machine: memory and disk that are free, and the most that a process has used."""

import os
import threading
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")  # where a Linux container reads its limits
PERIOD = 0.01


def free_memory(device: str) -> int:
    """Bytes that a new process could use: of the board for CUDA, else of the machine or its container."""
    import psutil

    if device.startswith("cuda"):
        import torch

        return torch.cuda.mem_get_info(device)[0]
    free = psutil.virtual_memory().available
    try:
        limit, used = ((CGROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
        return min(free, int(limit) - int(used)) if limit != "max" else free
    except (OSError, ValueError):
        return free


class PeakMemory:
    """The most memory in use while it is entered, in bytes: of the board for CUDA, else of this process."""

    def __init__(self, device: str) -> None:
        self.device, self.bytes = device, 0
        self.over = threading.Event()

    def __enter__(self) -> "PeakMemory":
        threading.Thread(target=self._watch, name="peak-memory", daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        if self.device.startswith("cuda"):
            import torch

            self.bytes = torch.cuda.max_memory_reserved(self.device)

    def _watch(self) -> None:
        import psutil

        process = psutil.Process(os.getpid())
        while True:
            self.bytes = max(self.bytes, process.memory_info().rss)
            if self.over.wait(PERIOD):
                return
