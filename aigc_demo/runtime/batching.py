"""Several readers of one language model, answered in one batch instead of one after another.

A step of decoding reads every weight once, whether for one text or for eight, so that answering together takes little
longer than answering one. Readers line up per model; one thread borrows the model, takes in whoever stands in line,
also while others' answers are being written, and gives the model back when all are answered.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.runtime.worker_thread import Lane

Stop = Callable[[], bool]
SEATS = 8  # answers that are written at once
OPEN = 20.0  # seconds for which a borrowed model takes newcomers in; then others may have the device
END = object()


@dataclass(eq=False)
class Reader:
    """One who waits for an answer. Readers of the same `key` (an adapter and its weight) can be served together.

    enter: puts the model into the state of that key. ask: from the model and a stop flag, what its batch is given.
    """

    key: Hashable
    enter: Callable[[Any], None]
    ask: Callable[[Any, Stop], Any]
    stop: Stop
    gone: bool = False
    seated: bool = False
    told: int = 0  # tokens of the answer that were passed on
    at: int = 0  # tokens of the answer that were written since the model was last borrowed
    news: SimpleQueue = field(default_factory=SimpleQueue)

    def stopped(self) -> bool:
        """Whether the reader no longer wants the answer."""
        return self.gone or self.stop()

    def tell(self, token: Any) -> None:
        """Pass the next token on, unless it was told before."""
        self.at += 1
        if self.at > self.told:
            self.told = self.at
            self.news.put(token)


class Company:
    """The readers of one model. `stream(work, stop)` is the cache's, for this model."""

    def __init__(self, stream: Callable[..., Iterator[Any]]) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._line: deque[Reader] = deque()
        self._seated: dict[Reader, Any] = {}  # with what their answer is called in the batch
        self._served = False
        self._lane = Lane("company")

    def answer(self, reader: Reader) -> Iterator[Any]:
        """The tokens of a reader's answer as they come. Raises Stopped where it is stopped before it gets a seat."""
        with self._lock:
            self._line.append(reader)
            if not self._served:
                self._served = True
                self._lane.do(self._serve)
        try:
            while (news := self._wait(reader)) is not END:
                if isinstance(news, BaseException):
                    raise news
                if reader.stopped():  # tokens may have been written ahead of who reads them
                    return
                yield news
        finally:
            reader.gone = True

    def _wait(self, reader: Reader) -> Any:
        while True:
            try:
                return reader.news.get(timeout=0.1)
            except Empty:
                if reader.stopped() and not reader.seated:
                    raise Stopped from None

    def _serve(self) -> None:
        """The thread: borrow the model as long as somebody stands in line."""
        while (first := self._next()) is not None:
            try:
                deque(self._stream(partial(self._work, first), stop=self._all_stopped), maxlen=0)
            except BaseException as error:  # whatever it is, those who wait for it are to hear of it
                self._dismiss(first.key, error)
            time.sleep(0.01)  # so that one who waits for the device gets it before us

    def _next(self) -> Reader | None:
        """The first in line who still waits; None where there is nobody, and the thread rests."""
        with self._lock:
            while self._line and self._line[0].gone:
                self._line.popleft()
            self._served = bool(self._line)
            return self._line[0] if self._line else None

    def _all_stopped(self) -> bool:
        return all(reader.stopped() for reader in list(self._line))

    def _work(self, first: Reader, model: Any) -> Iterator[None]:
        """Answer all in line whose key is that of the first, step by step."""
        with self._lock:  # after a lack of memory this begins anew: the same seeds give the same tokens
            self._line.extendleft(reversed(self._seated))
            self._seated = {}
        first.enter(model)
        batch, closing = model.batch(), time.monotonic() + OPEN
        while True:
            if time.monotonic() < closing:
                self._seat(model, batch, first.key)
            if not self._seated:
                return
            self._step(batch)
            yield

    def _seat(self, model: Any, batch: Any, key: Hashable) -> None:
        """Give newcomers of this key a seat, while there is one."""
        with self._lock:
            fit = [reader for reader in self._line if reader.key == key][: SEATS - len(self._seated)]
            for reader in fit:
                self._line.remove(reader)
                self._seated[reader] = None
        for reader in fit:
            reader.seated, reader.at = True, 0
            try:
                self._seated[reader] = batch.add(reader.ask(model, reader.stopped))
            except Stopped:
                self._leave(reader, END)
            except InputError as error:
                self._leave(reader, error)

    def _step(self, batch: Any) -> None:
        """A token for everybody; who has all of an answer leaves."""
        readers = {text: reader for reader, text in self._seated.items()}
        for text, step in batch.step():
            if step:
                readers[text].tell(step.tokens[0])
            if text not in batch.texts:
                self._leave(readers[text], END)

    def _leave(self, reader: Reader, last: Any) -> None:
        del self._seated[reader]
        reader.news.put(last)

    def _dismiss(self, key: Hashable, error: BaseException) -> None:
        """Tell all who were being served, or would have been, what went wrong."""
        with self._lock:
            waiting = [reader for reader in self._line if reader.key == key]
            for reader in waiting:
                self._line.remove(reader)
            dismissed, self._seated = [*self._seated, *waiting], {}
        for reader in dismissed:
            reader.news.put(error)
