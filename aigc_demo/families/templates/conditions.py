"""Conditions on facts: `sky = rain and high >= 30`, `wind`, `not wind`. Read by a grammar of four lines; nothing is evaluated as code.

condition := clause ("and" clause)*        clause := ["not"] name | name operator value
operator  := = | != | < | <= | > | >=      value  := a number, a word, or the name of another fact
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aigc_demo.core.errors import InputError

Value = str | float
OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
CLAUSE = re.compile(r"^(not\s+)?([^\W\d]\w*)$|^([^\W\d]\w*)\s*(!=|<=|>=|=|<|>)\s*([\w.+-]+)$")


@dataclass(frozen=True)
class Clause:
    """`name` is given (or not, where `negated`), or compares with `value`."""

    name: str
    sign: str = ""
    value: str = ""
    negated: bool = False

    def holds(self, facts: Mapping[str, Value]) -> bool:
        """Whether it does. What is not given compares with nothing; numbers compare with numbers alone."""
        if not self.sign:
            return (self.name in facts) != self.negated
        if self.name not in facts:
            return False
        left, right = facts[self.name], facts.get(self.value, number_or_word(self.value))
        if isinstance(left, str) != isinstance(right, str):
            left, right = str(left), str(right)
        return OPERATORS[self.sign](left, right)


@dataclass(frozen=True)
class Condition:
    """All of its clauses."""

    clauses: tuple[Clause, ...]

    def holds(self, facts: Mapping[str, Value]) -> bool:
        """Whether all do."""
        return all(clause.holds(facts) for clause in self.clauses)

    def names(self) -> set[str]:
        """The facts that it asks for."""
        return {clause.name for clause in self.clauses}


def parse_condition(text: str) -> Condition:
    """A condition; an InputError where it is none."""
    return Condition(tuple(parse_clause(part.strip(), text) for part in re.split(r"\band\b", text)))


def parse_clause(text: str, whole: str) -> Clause:
    """One clause of the condition `whole`."""
    found = CLAUSE.match(text)
    if not found:
        raise InputError(
            en=f"These rules cannot be used: {whole[:60]} is no condition; write such as sky = rain and high >= 30.",
            zh=f"无法使用这些规则：{whole[:60]} 不是条件；请写成 sky = rain and high >= 30 的样子。",
        )
    negated, alone, name, sign, value = found.groups()
    return Clause(alone, negated=bool(negated)) if alone else Clause(name, sign, value.strip())


def number_or_word(text: str) -> Value:
    """A number where it is one."""
    return float(text) if re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else text
