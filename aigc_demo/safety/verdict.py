"""What a filter says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text

Item = TypeVar("Item", contravariant=True)  # noqa: PLC0105  (the name that readers expect)


@dataclass(frozen=True)
class Verdict:
    """What is to be done with one item, why, and how sure the filter is, in [0, 1].

    allow: show it. blur: show that there is something, and why it is not shown. refuse: do not make it, or show
    nothing of it.
    """

    action: Literal["allow", "blur", "refuse"]
    reason: Text
    score: float

    @property
    def allowed(self) -> bool:
        """Whether the item may be shown as it is."""
        return self.action == "allow"

    def error(self) -> InputError:
        """The reason, as an error of the request."""
        return InputError.of(self.reason)


class Filter(Protocol[Item]):
    """Anything that judges items of one kind: texts, pictures."""

    def check(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict an item."""
        ...


ALLOWED = Verdict("allow", Text(en="", zh=""), 0.0)
