"""modes: what is on and off for whom, as a table."""

from dataclasses import asdict
from typing import Any

from aigc_demo.cli.flags import Answer, Asked
from aigc_demo.cli.look import table
from aigc_demo.core.modes import RULES, rule_names, words_of_rule
from aigc_demo.core.words import Text

OFF, ON, NONE, NO_LIMIT = Text("off", "关"), Text("on", "开"), Text("none", "无"), Text("no limit", "不限")


def modes(asked: Asked) -> Answer:
    """The rules of every mode; --json adds those of this call's flags as "here"."""
    head = ("", *RULES)
    rows = [
        (words_of_rule(name).say(asked.lang), *(shown(getattr(rules, name), asked.lang) for rules in RULES.values()))
        for name in rule_names()
    ]  # fmt: skip
    data = {mode: asdict(rules) for mode, rules in RULES.items()}
    return Answer({"modes": data, "here": asdict(asked.settings.rules)}, table([head, *rows]))


def shown(value: Any, lang: str) -> str:
    """A rule's value as words."""
    if isinstance(value, bool):
        return (ON if value else OFF).say(lang)
    if isinstance(value, tuple):
        return " ".join(value) or NONE.say(lang)
    return NO_LIMIT.say(lang) if value is None else str(value)
