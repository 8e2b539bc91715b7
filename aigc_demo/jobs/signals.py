"""How a run is asked to end: Ctrl-C, SIGTERM, or the file STOP; what that means depends on the moment.

preparing, measuring   nothing is lost: a KeyboardInterrupt, at once
training               the file STOP: the loop saves after the step under way, then leaves; Ctrl-C again: at once
ending                 nothing any more, the end is being written
"""

import _thread
import os
import signal
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal

from aigc_demo.jobs.folder import JobFolder

SIGNALS = (signal.SIGINT, signal.SIGTERM)
LOOK = 0.2  # seconds between two looks for the file STOP while the loop does not look itself
GRACE = 7.0  # seconds after SIGTERM; who sends it kills after ten


class StopSignals:
    """Listens for wishes to end, while it is entered. `say` is called once when a wish has to wait for a save."""

    def __init__(self, folder: JobFolder, say: Callable[[], None] = lambda: None) -> None:
        self.folder, self.say = folder, say
        self.moment: Literal["preparing", "training", "measuring", "ending"] = "preparing"
        self.heard = 0
        self.before: dict[int, Any] = {}
        self.over = threading.Event()

    def __enter__(self) -> "StopSignals":
        self.before = {number: signal.signal(number, self._hear) for number in SIGNALS}
        threading.Thread(target=self._watch, name="watch-stop-file", daemon=True).start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.over.set()
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def _hear(self, number: int, frame: Any) -> None:
        if self.moment == "ending":
            return
        self.heard += 1
        if self.moment != "training" or self.heard > 1:
            raise KeyboardInterrupt
        self.folder.run.stop.set()
        self.say()
        if number == signal.SIGTERM:
            threading.Thread(target=self._insist, name="grace", daemon=True).start()

    def _watch(self) -> None:
        """Look for the file STOP while the loop does not."""
        while not self.over.wait(LOOK):
            if self.moment in ("preparing", "measuring") and self.folder.run.stop.is_set():
                _thread.interrupt_main(signal.SIGTERM)
                return

    def _insist(self) -> None:
        """Leave even if a step takes too long; the last save is kept."""
        if not self.over.wait(GRACE) and self.moment == "training":
            self.folder.update(state="stopped")
            os._exit(0)
