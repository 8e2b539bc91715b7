"""Results that took long, kept for a while for who asked: a page that loads again shows them without making them anew."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from aigc_demo.schemas import Request

ENTRIES = 16
SECONDS = 1800.0


class RecentResults:
    """The last results of all visitors, in memory alone; the oldest go first, and each after half an hour."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[float, Any]] = OrderedDict()
        self._lock, self._clock = threading.Lock(), clock

    def keep(self, visitor: str, request: Request, result: Any) -> None:
        """Keep what `request` came to."""
        with self._lock:
            self._kept[visitor, request.model_dump_json()] = self._clock(), result
            self._kept.move_to_end((visitor, request.model_dump_json()))
            while len(self._kept) > ENTRIES:
                self._kept.popitem(last=False)

    def find(self, visitor: str, request: Request) -> Any:
        """What the same request of the same visitor came to; None where it is not known any more."""
        with self._lock:
            made, result = self._kept.get((visitor, request.model_dump_json()), (0.0, None))
            return result if self._clock() - made < SECONDS else None

    def forget(self, visitor: str) -> None:
        """Drop what was kept for a visitor."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == visitor]:
                del self._kept[key]
