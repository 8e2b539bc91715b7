"""models, verify: look at what is there."""

import json
import unicodedata
from collections.abc import Sequence
from typing import Any

from aigc_demo.actions.verify import MIME, Layers, check_file
from aigc_demo.cli.flags import Answer, Asked
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.provenance import Recipe
from aigc_demo.provenance.c2pa_reader import Manifest
from aigc_demo.runtime import registry
from aigc_demo.schemas import as_code

HEAD = (
    Text("model", "模型"), Text("what it is", "简介"), Text("serves", "用途"), Text("parameters", "参数量"), Text("licence", "许可"),
)  # fmt: skip


def models(asked: Asked) -> Answer:
    """Every model on this disk."""
    cards = registry.all_cards(asked.settings)
    head = [name.say(asked.lang) for name in HEAD]
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
    "same": Text("the same as here", "与本机相同"),
    "other": Text("other than here: the result will differ", "与本机不同：结果会不一样"),
    "absent": Text("this model is not here", "本机没有该模型"),
    "yes": Text("AI-generated, by its own statement", "自述为 AI 生成"),
    "no": Text("no statement of being AI-generated", "没有 AI 生成的声明"),
}
C2PA = {
    "unknown": Text("not checked: c2pa-python is not installed, or knows no such file", "未检查：未安装 c2pa-python，或不支持此类文件"),
    "absent": Text("no manifest", "没有清单"),
    "valid": Text("unchanged since signing; the signer is on no list of trusted ones", "签名后未被改动；签名者不在受信任名单中"),
    "trusted": Text("unchanged since signing, by a trusted signer", "签名后未被改动，签名者受信任"),
    "invalid": Text("the file or its manifest was changed after signing", "文件或其清单在签名后被改动"),
}  # fmt: skip


def _statements(found: Layers, lang: str) -> str:
    """The lines that `verify` prints."""
    said = found.said
    lines = [f"{said.format}: {WORDS['yes' if said.ai_generated else 'no'].say(lang)}"]

    def add(en: str, zh: str, what: str) -> None:
        lines.append(f"{Text(en, zh).say(lang)}: {what}")

    if said.label:
        add("label", "标识", _json(said.label.model_dump(exclude_defaults=True)))
    if said.source_type:
        add("source type", "来源类型", said.source_type)
    if other := said.statement:
        given = {**other.settings(), **dict(other.more)}
        add(f"statement of {other.program}, not a proof", f"{other.program} 的声明（并非证明）", _json(given))
    if recipe := said.recipe:
        add("recipe", "配方", f"{recipe.task}, {recipe.model}, {_json(recipe.request)}")
        add("weights", "权重", f"{recipe.weights} ({WORDS[found.weights].say(lang)})")
        for source in recipe.sources:
            label = (
                source.label.model_dump(exclude_defaults=True)
                if source.label
                else source.source_type or source.model
            )
            name = f" ({source.field})"
            add("label of the picture used" + name, "所用图片的标识" + name, _json(label))
        if again := _again(recipe):
            add("to make it again", "重做", again)
    if said.format in MIME:
        lines.append(f"C2PA: {C2PA[found.manifest.state].say(lang)}{_signer(found.manifest, lang)}")
    if found.pixels:
        add("mark in the pixels", "图片隐藏水印", _mark(found.pixels, lang))
    for item in found.words or ():
        name = f" ({item.model})"
        add("mark in the words" + name, "文字水印" + name, _mark(item.finding, lang))
    lines += [note.say(lang) for note in said.notes]
    return "\n".join(printable(line) for line in lines)


def _signer(manifest: Manifest, lang: str) -> str:
    if not manifest.signer:
        return ""
    own = Text(", this installation", "，即本机").say(lang) if manifest.own else ""
    return f" ({manifest.signer}, {manifest.tool}{own})"


def _mark(finding: Any, lang: str) -> str:
    """A hidden mark in one line: found or not, and by how much."""
    found = Text("found", "已找到") if finding.found else Text("not found", "未找到")
    return f"{found.say(lang)} (z = {finding.z:.1f}, p = {finding.p:.1e})"


def _again(recipe: Recipe) -> str:
    """The command that makes the file again; empty where the recipe does not fit this version."""
    try:
        return as_code.command_line(as_code.request_of(recipe.task, recipe.request))
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
