"""A file of rules, read strictly: its size, its names, and that every rule comes to an end. Nothing in it is code."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import parse_yaml
from aigc_demo.families.templates.conditions import Condition, parse_condition

FILE = "rules.yaml"
MOST_BYTES, MOST_RULES, MOST_LENGTH = 200_000, 1000, 1000
NAME = r"^[^\W\d]\w{0,39}$"
SLOT = re.compile(r"\{([^{}]*)\}")
MODIFIERS = {"a": (0,), "capital": (0,), "plural": (2,), "measure": (0, 1)}  # and how many words behind them
Name = Annotated[str, Field(pattern=NAME)]
Word = Annotated[
    str,
    Field(max_length=MOST_LENGTH),
    BeforeValidator(lambda value: str(value) if isinstance(value, int) else value),
]


class Strict(BaseModel):
    """Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Fact(Strict):
    """Something that the prompt gives: other names of it; words that it may be, each with others that mean it; or a range.

    Without either it is any short text. `optional`: a text can do without it.
    """

    names: tuple[Word, ...] = ()
    one_of: dict[Word, tuple[Word, ...]] = {}
    number: tuple[float, float] | None = None
    optional: bool = False


class Alternative(Strict):
    """One way to expand a rule: `text` with slots, its weight among those whose condition `when` holds."""

    text: Word
    weight: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] = 1.0
    when: Word = ""


def as_alternative(value: Any) -> Any:
    """A bare text is an alternative of weight 1."""
    return {"text": str(value)} if isinstance(value, str | int) else value


Alternatives = Annotated[
    tuple[Annotated[Alternative, BeforeValidator(as_alternative)], ...], Field(min_length=1, max_length=2000)
]


class RuleFile(Strict):
    """start: the first rule, by language. facts: what a prompt may give. example: a prompt by language, taken where none is given.

    rules: alternatives by name. once: rules that are expanded once a text and then repeated, so that a text stays with
    the animal that it began with; conditions may name them. measures: Chinese measure words by noun.
    """

    start: dict[Literal["en", "zh"], Name] = Field(min_length=1)
    facts: dict[Name, Fact] = {}
    example: dict[Literal["en", "zh"], Word] = {}
    rules: dict[Name, Alternatives] = Field(min_length=1, max_length=MOST_RULES)
    once: tuple[Name, ...] = ()
    measures: dict[Word, Word] = {}

    @cached_property
    def conditions(self) -> dict[str, Condition]:
        """Every condition by its text."""
        found = {choice.when for choices in self.rules.values() for choice in choices if choice.when}
        return {text: parse_condition(text) for text in found}

    @cached_property
    def heights(self) -> dict[str, int]:
        """How many expansions deep each rule must go at the least; a rule that has no end is missing."""
        found: dict[str, int] = {}
        while True:
            more = {
                name: 1 + min(heights)
                for name, choices in self.rules.items()
                if name not in found
                and (
                    heights := [
                        height for choice in choices if (height := self.height(choice, found)) is not None
                    ]
                )
            }
            if not more:
                return found
            found |= more

    def height(self, choice: Alternative, found: dict[str, int]) -> int | None:
        """How deep an alternative must go; None where one of its rules is not in `found`."""
        inner = [slot.name for slot in slots(choice.text) if slot.name in self.rules]
        return (
            None
            if any(name not in found for name in inner)
            else max((found[name] for name in inner), default=0)
        )


@dataclass(frozen=True)
class Slot:
    """{name}, or {name|modifier words}."""

    name: str
    modifier: str = ""
    words: tuple[str, ...] = ()


def slots(text: str) -> list[Slot]:
    """The slots of a template, in their order."""
    return [read_slot(inside) for inside in SLOT.findall(text)]


def read_slot(inside: str) -> Slot:
    """What stands between the braces."""
    name, _, rest = inside.partition("|")
    modifier, *words = rest.split() or [""]
    return Slot(name.strip(), modifier, tuple(words))


def read_rules(path: Path) -> RuleFile:
    """The rules of a file; an InputError that names the first thing that is wrong with it."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise unsound(f"it is longer than {MOST_BYTES} bytes", f"文件超过 {MOST_BYTES} 字节")
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise unsound(f"{path.name} cannot be read", f"无法读取 {path.name}") from error
    return parse_rules(text)


def parse_rules(text: str) -> RuleFile:
    """The rules in a text of YAML or JSON; an InputError that names the first thing that is wrong with it."""
    if len(text.encode()) > MOST_BYTES:
        raise unsound(f"it is longer than {MOST_BYTES} bytes", f"文件超过 {MOST_BYTES} 字节")
    if re.search(r"(?m)(^|[\s:\[,-])[&*!][\w!]", text):  # anchors that unfold without end, and tags
        raise unsound("it has anchors, aliases or tags of YAML", "使用了 YAML 的锚点、别名或标签")
    try:
        rules = RuleFile.model_validate(parse_yaml(text))
    except (yaml.YAMLError, RecursionError) as error:
        raise unsound("it is neither YAML nor JSON", "既不是 YAML 也不是 JSON") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:80]
        raise unsound(f"{where}: {first['msg']}", f"{where} 处不符合要求") from error
    check_names(rules)
    return rules


def check_names(rules: RuleFile) -> None:
    """An InputError where a rule names what is not there, has no end, or is called as a fact."""
    known = rules.rules.keys() | rules.facts.keys()
    if both := rules.rules.keys() & rules.facts.keys():
        raise unsound(f"{min(both)} is both a rule and a fact", f"{min(both)} 既是规则又是事实")
    for name in [*rules.start.values(), *rules.once]:
        if name not in rules.rules:
            raise unsound(f"there is no rule {name}", f"没有规则 {name}")
    for name, choices in rules.rules.items():
        for choice in choices:
            check_template(choice.text, name, known)
    for condition in rules.conditions.values():
        if strange := condition.names() - rules.facts.keys() - set(rules.once):
            raise unsound(
                f"a condition names {min(strange)}, which is no fact", f"条件中的 {min(strange)} 不是事实"
            )
    if endless := rules.rules.keys() - rules.heights.keys():
        raise unsound(f"the rule {min(endless)} never comes to an end", f"规则 {min(endless)} 永远不会结束")


def check_template(text: str, rule: str, known: set[str]) -> None:
    """An InputError where a template has braces that do not pair, or a slot that nothing fills."""
    rest = SLOT.sub("", text)
    if "{" in rest or "}" in rest:
        raise unsound(f"the rule {rule} has a brace without its partner", f"规则 {rule} 的花括号不成对")
    for slot in slots(text):
        if slot.name not in known:
            raise unsound(
                f"the rule {rule} has a slot {slot.name or '{}'}, which nothing fills",
                f"规则 {rule} 的槽位 {slot.name or '{}'} 无从填写",
            )
        if slot.modifier and len(slot.words) not in MODIFIERS.get(slot.modifier, ()):
            raise unsound(
                f"the rule {rule} has a slot {slot.name}|{slot.modifier}; modifiers are {', '.join(MODIFIERS)}",
                f"规则 {rule} 的修饰 {slot.modifier} 有误；可用：{'、'.join(MODIFIERS)}",
            )


def unsound(en: str, zh: str) -> InputError:
    """The file of rules is refused."""
    return InputError(en=f"These rules cannot be used: {en}.", zh=f"无法使用这些规则：{zh}。")
