"""Work that only calls back, as an iterator: what a long call tells of its steps, step by step."""

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from typing import Any, TypeVar

from aigc_demo.core.stopping import Stop
from aigc_demo.runtime.worker_thread import END, WorkerThread

T = TypeVar("T")
Tell = Callable[[T], None]


def stepwise(work: Callable[[Tell[T], Stop], None], stop: Stop, thread: WorkerThread) -> Iterator[T]:
    """Yield what `work(tell, stop)` tells, while it is done in `thread`; what it raises is raised here.

    The stop flag that work is given is also set when nobody listens any more, and work has ended when this iterator
    has: whoever lends out a device may rely on it.
    """
    told: queue.SimpleQueue[Any] = queue.SimpleQueue()
    gone = threading.Event()

    def run() -> None:
        try:
            work(told.put, lambda: gone.is_set() or stop())
        finally:
            told.put(END)

    done = thread.submit(run)
    try:
        while (item := told.get()) is not END:
            yield item
    finally:
        gone.set()
        wait([done])
    done.result()
