"""Telling how a text grows: how fast, and how often the page is sent news of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from html import escape


@dataclass
class Pace:
    """How fast the model writes, and when the page may be sent news again."""

    started: float = 0.0
    next_news: float = 0.0
    tokens: int = 0
    clock: Callable[[], float] = time.perf_counter

    def count(self, tokens: int) -> None:
        """`tokens` are written by now; time counts from the first of them, since a model may be loaded before."""
        self.tokens = tokens
        self.started = self.started or self.clock()

    def due(self) -> bool:
        """Whether news may be sent now."""
        return self.clock() >= self.next_news

    def sent(self, characters: int) -> None:
        """News of this length went out: ten a second at most, and no more than 100 000 characters a second."""
        self.next_news = self.clock() + max(0.1, characters / 100_000)

    def rate(self) -> float:
        """Tokens a second so far."""
        return self.tokens / max(self.clock() - self.started, 1e-3)


def status(words: str) -> str:
    """A line that says what is being done."""
    return f'<p class="note" role="status">{escape(words)}</p>'


def remark(note: tuple[str, str] | None, lang: str) -> str:
    """What a result says of itself, (en, zh), as a line; nothing where it says nothing."""
    return f'<p class="note remark">{escape(note[lang == "zh"])}</p>' if note else ""
