"""Which visitors switched the visible label on or off for themselves."""

import threading
from collections import OrderedDict

KEPT = 10_000  # visitors; whose choice is older than that of so many others has the mode's again


class LabelChoices:
    """The choices by visitor, in memory alone: a restart brings the mode's own back."""

    def __init__(self) -> None:
        self._choices: OrderedDict[str, bool] = OrderedDict()
        self._lock = threading.Lock()

    def choose(self, visitor: str, visible: bool) -> None:
        """Keep what a visitor wants."""
        with self._lock:
            self._choices[visitor] = visible
            self._choices.move_to_end(visitor)
            while len(self._choices) > KEPT:
                self._choices.popitem(last=False)

    def of(self, visitor: str) -> bool | None:
        """What a visitor wants; None where the mode decides."""
        return self._choices.get(visitor)

    def forget(self, visitor: str) -> None:
        """Drop a visitor's choice."""
        with self._lock:
            self._choices.pop(visitor, None)
