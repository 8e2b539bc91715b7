"""A lock that is lent in the order of asking, and that one can stop waiting for."""

import threading
from collections import deque

from aigc_demo.core.errors import Stopped
from aigc_demo.core.stopping import Stop

POLL = 0.1  # seconds between two looks at the stop flag


class FairLock:
    """First come, first served: threading.Lock makes no such promise, and a long wait could have no end.

    Whoever asks gets a ticket; the first in the queue holds the lock. It may be released by another thread than
    acquired it, as a generator may be closed anywhere.
    """

    def __init__(self) -> None:
        self._queue: deque[object] = deque()
        self._moved = threading.Condition()

    def waiting(self) -> int:
        """How many stand behind the first."""
        return max(len(self._queue) - 1, 0)

    def acquire(self, stop: Stop) -> object:
        """Wait for the lock; the ticket to release. Raises Stopped, and leaves the queue, once `stop()` is true."""
        ticket = object()
        with self._moved:
            self._queue.append(ticket)
        try:
            while not self._wait(ticket):
                if stop():
                    raise Stopped
        except BaseException:
            self.release(ticket)
            raise
        return ticket

    def _wait(self, ticket: object) -> bool:
        """Whether this ticket is the first, after a short wait where it is not."""
        with self._moved:
            return self._moved.wait_for(lambda: self._queue[0] is ticket, POLL)

    def release(self, ticket: object) -> None:
        """Let the next one have the lock."""
        with self._moved:
            self._queue.remove(ticket)
            self._moved.notify_all()
