"""The most memory that a process has used."""

import os
import threading

PERIOD = 0.01


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
