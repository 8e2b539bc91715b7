"""What the measuring of one model after the other shares: the request, the data, the cache, and how far it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from aigc_demo.core.errors import Stopped
from aigc_demo.core.stopping import Progress, Stop
from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas.evaluate import EvaluateRequest

T = TypeVar("T")


@dataclass
class Work:
    """One evaluation under way. `total`: the items of all models and seeds; `settings`: what the signature tells beside the request."""

    request: EvaluateRequest
    folder: Path
    cache: ModelCache
    stop: Stop
    progress: Progress
    cards: Sequence[ModelCard]
    settings: dict[str, str] = field(default_factory=dict)
    notes: list[Text] = field(default_factory=list)
    finished: int = 0

    @property
    def seeds(self) -> list[int]:
        """The seeds to draw from."""
        return [(self.request.seed + place) % 2**32 for place in range(self.request.seeds)]

    @property
    def verse(self) -> bool:
        """Whether the data are poems in strict forms."""
        return (self.folder / "poems.jsonl").is_file()

    def check(self) -> None:
        """Stopped where the reader wants it to end; called between any two things that take long."""
        if self.stop():
            raise Stopped

    def lend(self, card: ModelCard, use: Callable[[Any], T]) -> T:
        """What `use` makes of the loaded model, in the cache's lease."""
        self.check()
        return self.cache.run(card, use, self.stop)

    def done(self, items: int) -> None:
        """So many items more are made or judged."""
        self.check()
        self.finished += items
        total = self.request.count * self.request.seeds * len(self.cards)
        self.progress(min(0.99, self.finished / total))

    def note(self, text: Text) -> None:
        """Something that a reader has to know of these figures, once."""
        if text not in self.notes:
            self.notes.append(text)


def parts_of(values: Sequence[T], parts: int) -> list[Sequence[T]]:
    """As many equal parts, one a seed."""
    size = len(values) // parts
    return [values[place * size : (place + 1) * size] for place in range(parts)]


def evenly(values: Sequence[T], count: int) -> list[T]:
    """At most `count` of them, evenly taken, always the same."""
    if len(values) <= count:
        return list(values)
    return [values[place * len(values) // count] for place in range(count)]
