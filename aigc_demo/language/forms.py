"""The four forms of a poem: prompts for them, a checker, and the acrostic that holds by construction.

wujue and qijue are quatrains of 5 and 7 characters a line, wulu and qilu regulated verse of 8 such lines. What
fixes a poem's shape is where its marks stand, so a place in the poem decides what may be written there: this
is a finite automaton, whose state is the number of characters written so far.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aigc_demo.core.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

MARKS = "，。"


@dataclass(frozen=True)
class Form:
    """`lines` lines of `length` characters, which end in ， and 。 in turn."""

    name: str
    length: int
    lines: int

    @property
    def control(self) -> str:
        """The control token that asks for this form."""
        return f"<{self.name}>"

    @property
    def characters(self) -> int:
        """Characters of a whole poem, marks included."""
        return self.lines * (self.length + 1)

    def mark_at(self, place: int) -> str | None:
        """The mark that stands at `place` of the poem, or None where a character stands."""
        line, column = divmod(place, self.length + 1)
        return MARKS[line % 2] if column == self.length else None


FORMS = {
    form.name: form
    for form in (Form("wujue", 5, 4), Form("qijue", 7, 4), Form("wulu", 5, 8), Form("qilu", 7, 8))
}


def find_form(name: str | None) -> Form:
    """The form of that name; an InputError that lists them otherwise."""
    if name not in FORMS:
        raise InputError(
            en=f"Form {name!r} is unknown; choose one of {', '.join(FORMS)}.",
            zh=f"未知的体裁 {name!r}；请选择 {'、'.join(FORMS)} 之一。",
        )
    return FORMS[name]


def check_form(text: str, form: str) -> bool:
    """Whether `text` has exactly the lines of `form`, each ended by its mark."""
    wanted = find_form(form)
    line = f"[^{MARKS}\\s]{{{wanted.length}}}"
    return re.fullmatch(f"(?:{line}，{line}。){{{wanted.lines // 2}}}", text) is not None


class Acrostic:
    """What an acrostic (藏头诗) allows at each place: the n-th head opens the n-th line, marks end the lines."""

    def __init__(self, form: Form, heads: list[int], marks: Sequence[int], end: int, plain: "Tensor") -> None:
        """`heads`: token ids, at most one a line; `marks`: ids of ， and 。; `plain`: (vocab,) of bool, the characters."""
        if len(heads) > form.lines:
            raise InputError(
                en=f"{len(heads)} heads are too many: {form.name} has {form.lines} lines; give at most that many.",
                zh=f"藏头字共 {len(heads)} 个，过多：{form.name} 只有 {form.lines} 句；请减少字数。",
            )
        self.form, self.heads, self.end, self.others = form, heads, end, ~plain
        self.marks = dict(zip(MARKS, marks, strict=True))

    def forbidden(self, place: int) -> "Tensor":
        """(vocab,) of bool: the tokens that may not stand at `place` characters from the start of the poem."""
        mark = self.form.mark_at(place)
        line, column = divmod(place, self.form.length + 1)
        if place >= self.form.characters:
            return self._all_but(self.end)
        if mark is not None:
            return self._all_but(self.marks[mark])
        if column == 0 and line < len(self.heads):
            return self._all_but(self.heads[line])
        return self.others

    def _all_but(self, token: int) -> "Tensor":
        mask = self.others.new_ones(self.others.shape)
        mask[token] = False
        return mask
