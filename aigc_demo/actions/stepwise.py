"""Work that only calls back, as an iterator: what a long call tells of its steps, step by step."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from aigc_demo.actions.base import Stop

T = TypeVar("T")
Tell = Callable[[T], None]


def stepwise(work: Callable[[Tell[T], Stop], None], stop: Stop) -> Iterator[T]:
    """Yield what `work(tell, stop)` tells, while it runs in a thread of its own; what it raises is raised here.

    The stop flag that work is given is also set when nobody listens any more, and its thread has ended when this
    iterator has: whoever lends out a device may rely on it.
    """
    told: queue.SimpleQueue[Any] = queue.SimpleQueue()
    end, gone, failed = object(), threading.Event(), []

    def run() -> None:
        try:
            work(told.put, lambda: gone.is_set() or stop())
        except BaseException as error:
            failed.append(error)
        finally:
            told.put(end)

    thread = threading.Thread(target=run, name="stepwise", daemon=True)
    thread.start()
    try:
        while (item := told.get()) is not end:
            yield item
    finally:
        gone.set()
        thread.join()
    if failed:
        raise failed.pop()
