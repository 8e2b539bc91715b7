"""A lock that is lent in the order of asking, and that one can stop waiting for."""

import threading
from collections import deque
from collections.abc import Callable

from aigc_demo.core.errors import Stopped

LOOK = 0.1  # seconds between two looks at the stop flag


class Turns:
    """First come, first served: threading.Lock makes no such promise, and a long wait could have no end.

    Whoever asks gets a ticket; the first in the row holds the lock. It may be given back by another thread than took
    it, as a generator may be closed anywhere.
    """

    def __init__(self) -> None:
        self._row: deque[object] = deque()
        self._moved = threading.Condition()

    def waiting(self) -> int:
        """How many stand behind the first."""
        return max(len(self._row) - 1, 0)

    def take(self, stop: Callable[[], bool]) -> object:
        """Wait for the turn; the ticket to give back. Raises Stopped, and leaves the row, once `stop()` is true."""
        ticket = object()
        with self._moved:
            self._row.append(ticket)
        try:
            while not self._wait(ticket):
                if stop():
                    raise Stopped
        except BaseException:
            self.give_back(ticket)
            raise
        return ticket

    def _wait(self, ticket: object) -> bool:
        """Whether it is this ticket's turn, after a short wait where it is not."""
        with self._moved:
            return self._moved.wait_for(lambda: self._row[0] is ticket, LOOK)

    def give_back(self, ticket: object) -> None:
        """Let the next one take its turn."""
        with self._moved:
            self._row.remove(ticket)
            self._moved.notify_all()
