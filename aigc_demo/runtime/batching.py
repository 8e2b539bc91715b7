"""Several requests to one language model, answered in one batch instead of one after another.

A step of decoding reads every weight once, whether for one text or for eight, so that answering together takes little
longer than answering one. Requests wait per model; one thread borrows the model, admits whoever waits, also while
others' answers are being written, and gives the model back when all are answered.
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
from aigc_demo.core.stopping import Stop
from aigc_demo.models.cards import ModelCard
from aigc_demo.runtime.worker_thread import END, WorkerThread

MAX_BATCH = 8  # answers that are written at once
ADMISSION_SECONDS = 20.0  # for which a borrowed model admits newcomers; then others may have the device


@dataclass(eq=False)
class Pending:
    """A request that is not answered yet. Those of the same `key` (an adapter and its weight) can share a batch.

    prepare: puts the model into the state of that key. encode: from the model and a stop flag, what its batch is given.
    """

    card: ModelCard
    key: Hashable
    prepare: Callable[[Any], None]
    encode: Callable[[Any, Stop], Any]
    stop: Stop
    abandoned: bool = False
    admitted: bool = False
    delivered: int = 0  # tokens of the answer that were passed on
    generated: int = 0  # tokens of the answer that were written since the model was last borrowed
    output: SimpleQueue = field(default_factory=SimpleQueue)

    def stopped(self) -> bool:
        """Whether nobody wants the answer any more."""
        return self.abandoned or self.stop()

    def deliver(self, token: Any) -> None:
        """Pass the next token on, unless it was before."""
        self.generated += 1
        if self.generated > self.delivered:
            self.delivered = self.generated
            self.output.put(token)


class BatchScheduler:
    """The requests to one model. `stream(card, work, stop)` is the cache's."""

    def __init__(self, stream: Callable[..., Iterator[Any]]) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._waiting: deque[Pending] = deque()
        self._running: dict[Pending, Any] = {}  # with what their answer is called in the batch
        self._busy = False
        self._thread = WorkerThread("batches")

    def submit(self, pending: Pending) -> Iterator[Any]:
        """The tokens of the answer as they come. Raises Stopped where the request is stopped before it is admitted."""
        with self._lock:
            self._waiting.append(pending)
            if not self._busy:
                self._busy = True
                self._thread.submit(self._serve)
        try:
            while (item := self._receive(pending)) is not END:
                if isinstance(item, BaseException):
                    raise item
                if pending.stopped():  # tokens may have been written ahead of who reads them
                    return
                yield item
        finally:
            pending.abandoned = True

    def _receive(self, pending: Pending) -> Any:
        while True:
            try:
                return pending.output.get(timeout=0.1)
            except Empty:
                if pending.stopped() and not pending.admitted:
                    raise Stopped from None

    def _serve(self) -> None:
        """The thread: borrow the model as long as somebody waits."""
        while (first := self._next()) is not None:
            try:
                batches = self._stream(first.card, partial(self._generate, first), stop=self._all_stopped)
                deque(batches, maxlen=0)
            except BaseException as error:  # whatever it is, those who wait for it are to hear of it
                self._fail(first.key, error)
            time.sleep(0.01)  # so that one who waits for the device gets it before us

    def _next(self) -> Pending | None:
        """The first that still waits; None where there is none, and the thread rests."""
        with self._lock:
            while self._waiting and self._waiting[0].abandoned:
                self._waiting.popleft()
            self._busy = bool(self._waiting)
            return self._waiting[0] if self._waiting else None

    def _all_stopped(self) -> bool:
        return all(pending.stopped() for pending in list(self._waiting))

    def _generate(self, first: Pending, model: Any) -> Iterator[None]:
        """Answer all that wait with the key of the first, step by step."""
        with self._lock:  # after a lack of memory this begins anew: the same seeds give the same tokens
            self._waiting.extendleft(reversed(self._running))
            self._running = {}
        first.prepare(model)
        batch, closing = model.batch(), time.monotonic() + ADMISSION_SECONDS
        while True:
            if time.monotonic() < closing:
                self._admit(model, batch, first.key)
            if not self._running:
                return
            self._step(batch)
            yield

    def _admit(self, model: Any, batch: Any, key: Hashable) -> None:
        """Add those that wait with this key to the batch, while it has room."""
        with self._lock:
            fit = [pending for pending in self._waiting if pending.key == key]
            fit = fit[: MAX_BATCH - len(self._running)]
            for pending in fit:
                self._waiting.remove(pending)
                self._running[pending] = None
        for pending in fit:
            pending.admitted, pending.generated = True, 0
            try:
                self._running[pending] = batch.add(pending.encode(model, pending.stopped))
            except Stopped:
                self._finish(pending, END)
            except InputError as error:
                self._finish(pending, error)

    def _step(self, batch: Any) -> None:
        """A token for everybody; whose answer is complete leaves."""
        owners = {sequences: pending for pending, sequences in self._running.items()}
        for sequences, step in batch.step():
            if step:
                owners[sequences].deliver(step.tokens[0])
            if sequences not in batch.running:
                self._finish(owners[sequences], END)

    def _finish(self, pending: Pending, last: Any) -> None:
        del self._running[pending]
        pending.output.put(last)

    def _fail(self, key: Hashable, error: BaseException) -> None:
        """Tell all that were being answered, or would have been, what went wrong."""
        with self._lock:
            waiting = [pending for pending in self._waiting if pending.key == key]
            for pending in waiting:
                self._waiting.remove(pending)
            failed, self._running = [*self._running, *waiting], {}
        for pending in failed:
            pending.output.put(error)
