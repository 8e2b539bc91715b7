"""From a prompt to facts: `city=Beijing, sky=rain, high=12`, in either language, or a JSON object."""

import json
import re
from collections.abc import Mapping

from aigc_demo.core.errors import InputError
from aigc_demo.families.templates.conditions import Value
from aigc_demo.families.templates.rules import Fact, RuleFile

PAIR = re.compile(r"^\s*([^=:：＝]+?)\s*[=:：＝]\s*(.+?)\s*$")
MOST = 60  # characters of a fact
CJK = re.compile("[\u4e00-\u9fff]")


def read_facts(prompt: str, rules: RuleFile) -> tuple[dict[str, Value], str]:
    """The facts by their own names, and the language to write in: that of the names that were used.

    InputError names what is not known, does not fit or is missing, and what would do.
    """
    pairs = pairs_of(prompt, rules)
    known = {word: name for name, fact in rules.facts.items() for word in (name, *fact.names)}
    if strange := [name for name in pairs if name not in known]:
        raise wrong(
            f"{strange[0][:MOST]} is no fact of these rules", f"规则中没有 {strange[0][:MOST]} 这一项", rules
        )
    facts = {
        known[name]: value_of(known[name], value, rules.facts[known[name]]) for name, value in pairs.items()
    }
    if missing := [name for name, fact in rules.facts.items() if not fact.optional and name not in facts]:
        raise wrong(f"{', '.join(missing)} is missing", f"缺少 {'、'.join(missing)}", rules)
    chinese = any(CJK.search(name) for name in pairs)
    lang = "zh" if chinese and "zh" in rules.start else next(iter(rules.start))
    return facts, lang


def pairs_of(prompt: str, rules: RuleFile) -> dict[str, str]:
    """Names and values as they were written."""
    text = prompt.strip()
    if text.startswith("{"):
        try:
            loaded = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise wrong(
                "the prompt begins like JSON and is none", "提示词像 JSON 却不是 JSON", rules
            ) from error
        return {str(name): str(value) for name, value in loaded.items()}
    parts = [part for part in re.split(r"[,，;；\n]", text) if part.strip()]
    found = [(part, PAIR.match(part)) for part in parts]
    for part, pair in found:
        if pair is None:
            raise wrong(
                f"“{part.strip()[:MOST]}” gives no fact", f"“{part.strip()[:MOST]}”不是一项事实", rules
            )
    return {pair[1]: pair[2] for _, pair in found if pair}


def value_of(name: str, text: str, fact: Fact) -> Value:
    """A value as the rules know it: the word that stands for it, or a number; an InputError where it is neither."""
    if fact.one_of:
        meant = {word.casefold(): key for key, words in fact.one_of.items() for word in (key, *words)}
        if text.casefold() not in meant:
            choices = ", ".join(
                f"{key} ({words[-1]})" if words else key for key, words in fact.one_of.items()
            )
            raise InputError(
                en=f"{name} cannot be {text[:MOST]}; it is one of {choices}.",
                zh=f"{name} 不能是 {text[:MOST]}；可用：{choices}。",
            )
        return meant[text.casefold()]
    if fact.number is None:
        return text[:MOST]
    low, high = fact.number
    digits = text.strip().removesuffix("°C").removesuffix("°").removesuffix("度")
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?", digits) or not low <= float(digits) <= high:
        raise InputError(
            en=f"{name} is a number from {low:g} to {high:g}, not {text[:MOST]}.",
            zh=f"{name} 应为 {low:g} 到 {high:g} 之间的数，而不是 {text[:MOST]}。",
        )
    return float(digits)


def wrong(en: str, zh: str, rules: RuleFile) -> InputError:
    """Something about the prompt does not fit; says what these rules take."""
    names = ", ".join(rules.facts)
    names_zh = "、".join(
        next((word for word in fact.names if CJK.search(word)), name) for name, fact in rules.facts.items()
    )
    sample = rules.example.get("en") or next(iter(rules.example.values()), "-")
    sample_zh = rules.example.get("zh", sample)
    if not rules.facts:
        return InputError(
            en=f"{en}; they take no facts, leave the prompt empty.",
            zh=f"{zh}；这些规则不需要事实，请将提示词留空。",
        )
    return InputError(
        en=f"{en}; the facts are {names}. Write such as: {sample}.",
        zh=f"{zh}；可用的事实：{names_zh}。请写成：{sample_zh}。",
    )


def shown(value: Value) -> str:
    """A fact as it stands in a text: whole numbers without a point."""
    return f"{value:g}" if isinstance(value, float) else value


def given(facts: Mapping[str, Value]) -> str:
    """Facts as one would write them."""
    return ", ".join(f"{name}={shown(value)}" for name, value in facts.items())
