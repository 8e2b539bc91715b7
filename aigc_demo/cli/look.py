"""models, verify: look at what is there."""

import json
import unicodedata
from collections.abc import Sequence
from typing import Any

from aigc_demo import code, provenance, registry
from aigc_demo.cli.flags import Answer, Asked
from aigc_demo.contracts import REQUESTS, check
from aigc_demo.errors import InputError
from aigc_demo.provenance import Provenance, Recipe


def models(asked: Asked) -> Answer:
    """Every model on this disk."""
    cards = registry.all_cards(asked.settings)
    head = {
        "en": ("model", "what it is", "serves", "parameters", "licence"),
        "zh": ("模型", "简介", "用途", "参数量", "许可"),
    }[asked.lang]
    rows = [
        (card.id, card.title.say(asked.lang), " ".join(card.tasks), f"{card.parameters:,}", card.licence)
        for card in cards
    ]
    fields = [card.model_dump(mode="json", exclude={"folder"}) for card in cards]
    return Answer({"models": fields}, table([head, *rows]))


def verify(asked: Asked) -> Answer:
    """What a file says about its making, and whether the weights named there are those at hand."""
    found = provenance.read(asked.flags.file)
    weights = compare_weights(found.recipe, asked) if found.recipe else None
    data = {
        "ai_generated": found.ai_generated,
        **found.model_dump(mode="json", exclude={"notes"}),
        "weights": weights,
        "notes": [note.model_dump() for note in found.notes],
    }
    return Answer(data, _statements(found, weights, asked.lang))


def compare_weights(recipe: Recipe, asked: Asked) -> str:
    """ "same", "other" or "absent": the recipe's weights against the model of that name on this disk."""
    try:
        card = registry.find_card(recipe.model, asked.settings)
    except InputError:
        return "absent"
    at_hand = card.weights_hash()
    known = min(len(at_hand), len(recipe.weights))
    return "same" if known and at_hand[:known] == recipe.weights[:known] else "other"


WORDS = {
    "same": ("the same as here", "与本机相同"),
    "other": ("other than here: the result will differ", "与本机不同：结果会不一样"),
    "absent": ("this model is not here", "本机没有该模型"),
    "yes": ("AI-generated, by its own statement", "自述为 AI 生成"),
    "no": ("no statement of being AI-generated", "没有 AI 生成的声明"),
}


def _statements(found: Provenance, weights: str | None, lang: str) -> str:
    """The lines that `verify` prints."""
    zh = lang == "zh"
    lines = [f"{found.format}: {WORDS['yes' if found.ai_generated else 'no'][zh]}"]
    if found.label:
        lines.append(f"{'标识' if zh else 'label'}: {_json(found.label.model_dump(exclude_defaults=True))}")
    if found.source_type:
        lines.append(f"{'来源类型' if zh else 'source type'}: {found.source_type}")
    if recipe := found.recipe:
        lines.append(f"{'配方' if zh else 'recipe'}: {recipe.task}, {recipe.model}, {_json(recipe.request)}")
        if weights:
            lines.append(f"{'权重' if zh else 'weights'}: {recipe.weights} ({WORDS[weights][zh]})")
        if again := _again(recipe):
            lines.append(f"{'重做' if zh else 'to make it again'}: {again}")
    lines += [note.zh if zh else note.en for note in found.notes]
    return "\n".join(printable(line) for line in lines)


def _again(recipe: Recipe) -> str:
    """The command that makes the file again; empty where the recipe does not fit this version."""
    try:
        return code.command_line(check(REQUESTS[recipe.task], recipe.request))
    except (KeyError, InputError):
        return ""


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows in columns as wide as their widest cell."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(printable(line.rstrip()) for line in lines)


def _width(text: str) -> int:
    """Columns on a terminal: two for a Chinese character."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def printable(text: str) -> str:
    """Text that cannot steer a terminal: what is not printable becomes a question mark."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
