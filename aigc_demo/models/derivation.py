"""How a text that was written by rules came about, as its model tells it."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Branch:
    """A rule of a text's derivation: the odds of the alternative that was taken, among how many, and what it came to.

    given: it was a fact, or what the same rule had come to before, so that nothing was chosen.
    """

    name: str
    share: float
    choices: int
    parts: "tuple[Branch | str, ...]"
    given: bool = False


@runtime_checkable
class DerivingModel(Protocol):
    """A model that writes by rules, and tells which rule filled which slot."""

    def derivation(self, prompt: str, seed: int, temperature: float, continue_from: str = "") -> Branch:
        """The derivation of the text that `generate` writes by this seed."""
        ...
