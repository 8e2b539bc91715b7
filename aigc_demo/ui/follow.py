"""Work of many steps in a thread of its own, so that the page hears meanwhile how far it is."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from typing import Generic, TypeVar

from aigc_demo.jobs.view import duration
from aigc_demo.ui.language import Words
from aigc_demo.ui.pace import status

T = TypeVar("T")
EVERY = 0.4  # seconds between two pieces of news; what is done sooner needs none


class Followed(Generic[T]):
    """`work(report)` under way, which calls `report(share)` with a share in [0, 1] now and then.

    Iterate over `news` to the end, then ask for the `result`. An error of the work is raised by both.
    """

    def __init__(self, work: Callable[[Callable[[float], None]], T]) -> None:
        self.share, self.first, self.started = 0.0, 0.0, 0.0
        pool = ThreadPoolExecutor(1)
        self._future = pool.submit(work, self._hear)
        pool.shutdown(wait=False)

    def _hear(self, share: float) -> None:
        if not self.started:  # a model may be loaded before, so time counts from the first report
            self.started, self.first = time.perf_counter(), share
        self.share = share

    def news(self, words: Words, lang: str) -> Iterator[str]:
        """A line that says how far the work is, again and again until it is done."""
        while True:
            try:
                self._future.result(timeout=EVERY)
                return
            except NotYet:
                if self._future.done():  # the work itself ran into a time limit
                    raise
                yield status(self._line(words, lang))

    @property
    def result(self) -> T:
        """What the work gave."""
        return self._future.result()

    def _line(self, words: Words, lang: str) -> str:
        if not self.started:
            return words.say("follow.loading", lang)
        line = words.say("follow.share", lang, share=f"{self.share:.0%}")
        done = self.share - self.first
        if done <= 0:
            return line
        left = (time.perf_counter() - self.started) / done * (1 - self.share)
        return f"{line} · {words.say('train.left', lang, time=duration(left, lang))}"
