"""How far a piece of work is: tokens a second, how often the page may be sent an update, and work beside a handler."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from html import escape
from typing import Any, Generic, TypeVar

from aigc_demo.core.words import Text
from aigc_demo.jobs.job import duration
from aigc_demo.ui.page.gradio_gaps import small_last
from aigc_demo.ui.page.language import Words


@dataclass
class TokenProgress:
    """How fast the model writes, and when the page may be sent an update again."""

    started: float = 0.0
    next_update: float = 0.0
    tokens: int = 0
    clock: Callable[[], float] = time.perf_counter

    def count(self, tokens: int) -> None:
        """`tokens` are written by now; time counts from the first of them, since a model may be loaded before."""
        self.tokens = tokens
        self.started = self.started or self.clock()

    def update_due(self) -> bool:
        """Whether an update may be sent now."""
        return self.clock() >= self.next_update

    def update_sent(self, characters: int) -> None:
        """An update of this length went out: ten a second at most, and no more than 100 000 characters a second."""
        self.next_update = self.clock() + max(0.1, characters / 100_000)

    def tokens_per_second(self) -> float:
        """Tokens a second so far."""
        return self.tokens / max(self.clock() - self.started, 1e-3)


def status(words: str) -> str:
    """A line that says what is being done."""
    return f'<p class="note" role="status">{escape(words)}</p>'


def remark(note: Text | None, lang: str) -> str:
    """What a result says of itself, as a line; nothing where it says nothing."""
    return remark_line(note.say(lang)) if note else ""


def remark_line(words: str) -> str:
    """A line that says something unusual of a result."""
    return f'<p class="note remark">{escape(words)}</p>'


def cleared_on_error(line: Any, updates: Iterable[dict[Any, Any]]) -> Iterator[dict[Any, Any]]:
    """`updates`; an error empties the component `line`, which said what was being done."""
    try:
        yield from updates
    except Exception:
        yield {line: ""}
        raise


def with_status(line: Any, words: str, updates: Iterable[dict[Any, Any]]) -> Iterator[dict[Any, Any]]:
    """`updates` while the component `line` says `words`; it is empty once they have ended, however they end."""
    yield {line: status(words)}
    yield from cleared_on_error(line, small_last(updates, {line: ""}))


T = TypeVar("T")
UPDATE_SECONDS = 0.4  # seconds between two updates; what is done sooner needs none


class BackgroundWork(Generic[T]):
    """`work(report)` under way, which calls `report(share)` with a share in [0, 1] now and then.

    Iterate over `updates` or `status_lines` to the end, then ask for the `result` and how many `seconds` it took. An
    error of the work is raised by all.
    """

    def __init__(self, work: Callable[[Callable[[float], None]], T]) -> None:
        self.share, self.first, self.started, self.seconds = 0.0, 0.0, 0.0, 0.0
        self._submitted = time.perf_counter()
        pool = ThreadPoolExecutor(1)
        self._future = pool.submit(work, self._hear)
        pool.shutdown(wait=False)

    def _hear(self, share: float) -> None:
        if not self.started:  # a model may be loaded before, so time counts from the first report
            self.started, self.first = time.perf_counter(), share
        self.share = share

    def status_lines(self, words: Words, lang: str) -> Iterator[str]:
        """A line that says how far the work is, again and again until it is done."""
        while True:
            try:
                self._future.result(timeout=UPDATE_SECONDS)
                self.seconds = time.perf_counter() - self._submitted
                return
            except NotYet:
                if self._future.done():  # the work itself ran into a time limit
                    raise
                yield status(self._line(words, lang))

    def updates(self, line: Any, words: Words, lang: str) -> Iterator[dict[Any, Any]]:
        """`status_lines` as updates of the component `line`, which an error empties."""
        return cleared_on_error(line, ({line: said} for said in self.status_lines(words, lang)))

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
