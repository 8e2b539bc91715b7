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


class Lane:
    """One such thread, begun when there is something to do."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._pieces: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def do(self, piece: Callable[[], None]) -> None:
        """Have a piece of work done, behind those before it. What it raises is its own to catch."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._pieces.put(piece)

    def through(self, items: Iterator[T]) -> Iterator[T]:
        """What a generator yields, each item made in this thread when it is asked for."""
        try:
            while (item := self._call(lambda: next(items, END))) is not END:
                yield item
        finally:
            self._call(items.close)

    def _call(self, piece: Callable[[], T]) -> T:
        """What a piece of work returns, or raises, once it is done."""
        outcome: Future[T] = Future()

        def run() -> None:
            try:
                outcome.set_result(piece())
            except BaseException as error:
                outcome.set_exception(error)

        self.do(run)
        return outcome.result()

    def _run(self) -> None:
        while True:
            try:
                self._pieces.get(timeout=IDLE)()
            except Empty:
                with self._lock:
                    if self._pieces.empty():
                        self._thread = None
                        return
