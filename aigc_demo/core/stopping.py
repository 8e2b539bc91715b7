"""How a long call is stopped, and how it says how far it is: two callbacks, polled and called at every step."""

from collections.abc import Callable

Stop = Callable[[], bool]
Progress = Callable[[float], None]  # how much is done, in (0, 1]


def never() -> bool:
    """A stop flag that is never set."""
    return False


def unheard(share: float) -> None:
    """Progress that nobody wants to hear of."""
