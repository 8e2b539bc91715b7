"""What was found in a file or a text, as HTML: one row a layer, with what it proves and what it does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from aigc_demo.actions.verify import MIME, PICTURES, Layers
from aigc_demo.core.words import label_of
from aigc_demo.provenance.reader import UNLABELLED
from aigc_demo.provenance.schema import TEXTS, Statement
from aigc_demo.schemas import REQUESTS, DrawRequest
from aigc_demo.ui.page.language import Words

State = Literal["found", "absent", "broken", "unknown"]
C2PA_STATES: dict[str, State] = {
    "valid": "found",
    "trusted": "found",
    "invalid": "broken",
    "absent": "absent",
}
LONGEST = 2000  # characters of a prompt that are shown
SHOWN = 4  # tokenizers whose findings are listed


@dataclass(frozen=True)
class Row:
    """One layer: its name in the words' table, whether it is there, and its facts as (name, value)."""

    layer: str
    state: State
    facts: tuple[tuple[str, str], ...] = ()


def layers_html(found: Layers, words: Words, lang: str) -> str:
    """All layers, under one sentence that sums them up."""
    rows = "".join(row_html(row, words, lang) for row in rows_of(found, words, lang))
    notes = "".join(
        f'<p class="note">{escape(note.say(lang))}</p>'
        for note in found.said.notes
        if note != UNLABELLED  # the sum has said so
    )
    return f'<div class="layers"><p class="sum">{summary(found, words, lang)}</p>{rows}{notes}</div>'


def summary(found: Layers, words: Words, lang: str) -> str:
    """One sentence: stated, marked, or nothing known."""
    marked = bool(found.pixels and found.pixels.found) or any(
        item.finding.found for item in found.words or ()
    )
    said = found.said
    if said.statement and not (said.label or said.source_type):
        return escape(words.say("verify.sum.program", lang, program=said.statement.program))
    key = "stated" if said.ai_generated else "marked" if marked else "nothing"
    return words.say(f"verify.sum.{key}", lang)


def rows_of(found: Layers, words: Words, lang: str) -> Iterator[Row]:
    """The layers that this kind of file can have."""
    said, say = found.said, words.say
    label = said.label.model_dump(exclude_defaults=True) if said.label else {}
    yield Row("label", "found" if label else "absent", tuple(label.items()))
    source = ((say("verify.source_type", lang), said.source_type),) if said.source_type else ()
    yield Row("source", "found" if source else "absent", source)
    yield Row("recipe", "found" if said.recipe else "absent", tuple(recipe_facts(found, words, lang)))
    if said.statement:
        yield Row("program", "found", tuple(statement_facts(said.statement, words, lang)))
    if said.format in MIME:
        state = C2PA_STATES.get(found.manifest.state, "unknown")
        yield Row("c2pa", state, tuple(manifest_facts(found, words, lang)))
    if said.format in PICTURES:
        pixels = found.pixels
        state = "unknown" if pixels is None or not pixels.coefficients else _state(pixels.found)
        yield Row("pixels", state, ((say("verify.odds", lang), _odds(pixels)),) if pixels else ())
    if said.format in TEXTS:
        items = found.words or ()
        state = _state(any(item.finding.found for item in items)) if items else "unknown"
        yield Row("words", state, tuple((item.model, _odds(item.finding)) for item in items[:SHOWN]))


def recipe_facts(found: Layers, words: Words, lang: str) -> Iterator[tuple[str, str]]:
    """Model, task, whether the weights are here, and what the pictures that went in said of themselves."""
    recipe, say = found.said.recipe, words.say
    if not recipe:
        return
    yield say("shell.model", lang), recipe.model
    yield say("verify.weights", lang), say(f"verify.weights_{found.weights}", lang)
    if recipe.task not in REQUESTS:
        yield say("verify.task", lang), say("verify.task_unknown", lang)
    for source in recipe.sources:
        who = (source.label and source.label.ContentProducer) or source.source_type or ""
        yield say("verify.used", lang), f"{source.field}: {who} {source.model}".strip()


def statement_facts(said: Statement, words: Words, lang: str) -> Iterator[tuple[str, str]]:
    """What another generator says: the settings that this app has fields for, then the others under its own names."""
    yield words.say("verify.program", lang), said.program
    for name, value in said.settings().items():
        text = f"{value:g}" if isinstance(value, float) else str(value)
        yield label_of(DrawRequest, name).say(lang), text[:LONGEST]
    yield from said.more


def manifest_facts(found: Layers, words: Words, lang: str) -> Iterator[tuple[str, str]]:
    """The state in words, who signed, with what."""
    manifest, say = found.manifest, words.say
    yield say("verify.state", lang), say(f"verify.c2pa_{manifest.state}", lang)
    if manifest.signer:
        own = say("verify.own", lang) if manifest.own else ""
        yield say("verify.signer", lang), f"{manifest.signer} {own}".strip()
    if manifest.tool:
        yield say("verify.tool", lang), manifest.tool


def row_html(row: Row, words: Words, lang: str) -> str:
    """One layer."""
    say = words.say
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in row.facts)
    return (
        f'<section class="layer {row.state}" data-layer="{row.layer}" data-state="{row.state}">'
        f"<h3>{say(f'verify.layer.{row.layer}', lang)}"
        f'<span class="state">{say(f"verify.state_{row.state}", lang)}</span></h3>'
        f"{f'<dl>{facts}</dl>' if facts else ''}"
        f'<p class="note">{say(f"verify.proves.{row.layer}", lang)}</p></section>'
    )


def _state(found: bool) -> State:
    return "found" if found else "absent"


def _odds(finding: Any) -> str:
    z = round(finding.z, 1) + 0.0  # which makes 0 of -0
    return f"z = {z:.1f}, p = {finding.p:.2g}"
