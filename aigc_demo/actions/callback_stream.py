"""Work that only calls back, as an iterator: what a long call tells of its steps, step by step."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from aigc_demo.core.stopping import Stop
from aigc_demo.runtime.worker_thread import Lane

T = TypeVar("T")
Tell = Callable[[T], None]


def stepwise(work: Callable[[Tell[T], Stop], None], stop: Stop, lane: Lane) -> Iterator[T]:
    """Yield what `work(tell, stop)` tells, while it is done in `lane`; what it raises is raised here.

    The stop flag that work is given is also set when nobody listens any more, and work has ended when this iterator
    has: whoever lends out a device may rely on it.
    """
    told: queue.SimpleQueue[Any] = queue.SimpleQueue()
    end, gone, ended, failed = object(), threading.Event(), threading.Event(), []

    def run() -> None:
        try:
            work(told.put, lambda: gone.is_set() or stop())
        except BaseException as error:
            failed.append(error)
        finally:
            told.put(end)
            ended.set()

    lane.do(run)
    try:
        while (item := told.get()) is not end:
            yield item
    finally:
        gone.set()
        ended.wait()
    if failed:
        raise failed.pop()
