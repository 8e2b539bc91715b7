"""models, verify: look at what is there."""

import json
import unicodedata
from collections.abc import Sequence
from typing import Any

from aigc_demo.actions.verify import MIME, Layers, check_file
from aigc_demo.cli.flags import Answer, Asked
from aigc_demo.core.errors import InputError
from aigc_demo.provenance import Recipe
from aigc_demo.provenance.c2pa_reader import Manifest
from aigc_demo.runtime import registry
from aigc_demo.schemas import REQUESTS, as_code, check


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
    """All that a file shows about its making, layer by layer."""
    found = check_file(asked.flags.file, asked.settings)
    return Answer(found.facts(), _statements(found, asked.lang))


WORDS = {
    "same": ("the same as here", "与本机相同"),
    "other": ("other than here: the result will differ", "与本机不同：结果会不一样"),
    "absent": ("this model is not here", "本机没有该模型"),
    "yes": ("AI-generated, by its own statement", "自述为 AI 生成"),
    "no": ("no statement of being AI-generated", "没有 AI 生成的声明"),
}
C2PA = {
    "unknown": ("not checked: c2pa-python is not installed, or knows no such file", "未检查：未安装 c2pa-python，或不支持此类文件"),
    "absent": ("no manifest", "没有清单"),
    "valid": ("unchanged since signing; the signer is on no list of trusted ones", "签名后未被改动；签名者不在受信任名单中"),
    "trusted": ("unchanged since signing, by a trusted signer", "签名后未被改动，签名者受信任"),
    "invalid": ("the file or its manifest was changed after signing", "文件或其清单在签名后被改动"),
}  # fmt: skip


def _statements(found: Layers, lang: str) -> str:
    """The lines that `verify` prints."""
    zh, said = lang == "zh", found.said
    lines = [f"{said.format}: {WORDS['yes' if said.ai_generated else 'no'][zh]}"]
    if said.label:
        lines.append(f"{'标识' if zh else 'label'}: {_json(said.label.model_dump(exclude_defaults=True))}")
    if said.source_type:
        lines.append(f"{'来源类型' if zh else 'source type'}: {said.source_type}")
    if recipe := said.recipe:
        lines.append(f"{'配方' if zh else 'recipe'}: {recipe.task}, {recipe.model}, {_json(recipe.request)}")
        lines.append(f"{'权重' if zh else 'weights'}: {recipe.weights} ({WORDS[found.weights][zh]})")
        for source in recipe.sources:
            label = source.label.model_dump(exclude_defaults=True) if source.label else source.source_type
            lines.append(
                f"{'所用图片的标识' if zh else 'label of the picture used'} ({source.field}): {_json(label)}"
            )
        if again := _again(recipe):
            lines.append(f"{'重做' if zh else 'to make it again'}: {again}")
    if said.format in MIME:
        lines.append(f"C2PA: {C2PA[found.manifest.state][zh]}{_signer(found.manifest, zh)}")
    if found.pixels:
        lines.append(f"{'图片隐藏水印' if zh else 'mark in the pixels'}: {_mark(found.pixels, zh)}")
    for item in found.words or ():
        lines.append(f"{'文字水印' if zh else 'mark in the words'} ({item.model}): {_mark(item.finding, zh)}")
    lines += [note.zh if zh else note.en for note in said.notes]
    return "\n".join(printable(line) for line in lines)


def _signer(manifest: Manifest, zh: bool) -> str:
    if not manifest.signer:
        return ""
    own = ("，即本机", ", this installation") if manifest.own else ("", "")
    return f" ({manifest.signer}, {manifest.tool}{own[not zh]})"


def _mark(finding: Any, zh: bool) -> str:
    """A hidden mark in one line: found or not, and by how much."""
    found = ("found", "已找到") if finding.found else ("not found", "未找到")
    return f"{found[zh]} (z = {finding.z:.1f}, p = {finding.p:.1e})"


def _again(recipe: Recipe) -> str:
    """The command that makes the file again; empty where the recipe does not fit this version."""
    try:
        return as_code.command_line(check(REQUESTS[recipe.task], recipe.request))
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
