"""A thread that stays, in which work is done piece after piece.

CUDA's libraries keep their handles and plans (of matrix products, convolutions, attention) for each thread. Work that
begins a thread of its own every time has them made anew every time, which takes seconds.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
END: Any = object()
IDLE = 300.0  # seconds without work after which the thread goes


class WorkerThread:
    """One such thread, begun when there is something to do.

    An executor of the standard library would keep the program from ending while a model computes.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """Have work done, behind what was submitted before it; what it returns or raises."""
        outcome: Future[T] = Future()

        def run() -> None:
            try:
                outcome.set_result(work())
            except BaseException as error:
                outcome.set_exception(error)

        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._work.put(run)
        return outcome

    def iterate(self, items: Iterator[T]) -> Iterator[T]:
        """What a generator yields, each item made in this thread when it is asked for."""
        try:
            while (item := self.submit(lambda: next(items, END)).result()) is not END:
                yield item
        finally:
            self.submit(items.close).result()

    def _run(self) -> None:
        while True:
            try:
                self._work.get(timeout=IDLE)()
            except Empty:
                with self._lock:
                    if self._work.empty():
                        self._thread = None
                        return
