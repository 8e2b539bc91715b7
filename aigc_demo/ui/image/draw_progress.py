"""A drawing under way and a finished one: how far it is, how long still, and what each picture looked like on its way."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from aigc_demo.actions import DrawResult
from aigc_demo.ui.page.pictures import shrunk

FRAMES = 24  # of a film: more cannot be told apart on a slider
FRAME_SIDE = 256  # pixels of a frame's longer side
UPDATE_SECONDS = 0.25  # seconds between two previews, at least
BANDWIDTH = 400_000  # characters a second that previews may take
Frame = tuple[int, np.ndarray]


@dataclass
class DrawProgress:
    """What is known of a drawing while it goes on. `films` are, by picture, the steps and previews that came by."""

    clock: Callable[[], float] = time.perf_counter
    films: dict[int, list[Frame]] = field(default_factory=dict)
    started: float = 0.0
    first: int = 0
    next_update: float = 0.0
    seen: np.ndarray | None = None

    def add_step(self, result: DrawResult) -> None:
        """A step is done: keep its preview, if there is a new one."""
        if not self.started:  # a model may be loaded before the first step, so time counts from its end
            self.started, self.first = self.clock(), result.step
        preview = result.preview
        if preview is None or preview is self.seen or not len(preview):
            return
        self.seen = preview
        step = (result.step - 1) % result.each + 1
        for index in range(result.finished, len(preview)):
            film = self.films.setdefault(index, [])
            film.append((step, shrunk(preview[index], FRAME_SIDE)))
            if len(film) > FRAMES:
                del film[1::2]

    def seconds_left(self, result: DrawResult) -> float | None:
        """How long the rest takes at the pace so far; None before there is one."""
        done = result.step - self.first
        return (self.clock() - self.started) / done * (result.steps - result.step) if done > 0 else None

    def update_due(self) -> bool:
        """Whether an update may be sent now."""
        return self.clock() >= self.next_update

    def update_sent(self, characters: int) -> None:
        """An update of this length went out."""
        self.next_update = self.clock() + max(UPDATE_SECONDS, characters / BANDWIDTH)


@dataclass(frozen=True)
class FinishedDrawing:
    """A finished result, the addresses of its labelled files, the films, and the address of what it started from."""

    result: DrawResult
    addresses: Sequence[str]
    films: Mapping[int, Sequence[Frame]]
    start: str = ""

    @property
    def request(self) -> object:
        """What was asked."""
        return self.result.request

    def film(self, index: int) -> list[Frame]:
        """The film of one picture; the finished one is its last frame."""
        each = self.result.each
        frames = [frame for frame in self.films.get(index, ()) if frame[0] < each]
        return [*frames, (each, shrunk(self.result.pictures[index], FRAME_SIDE))]


def one_of(result: DrawResult, index: int) -> DrawResult:
    """One picture of a result as a result of its own, which its seed alone makes again."""
    seed = result.seeds[index]
    return replace(
        result,
        request=result.request.model_copy(update={"seed": seed, "count": 1}),
        pictures=result.pictures[index : index + 1],
        seeds=[seed],
    )
