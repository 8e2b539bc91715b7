"""The result of an evaluation as HTML: figures with error bars, pairs side by side, failures, confusion matrices.

Gradio's plots draw no error bars, so each is a line and a dot in SVG, placed by per cent of the figure's own scale.
"""

from collections.abc import Sequence
from html import escape

import numpy as np

from aigc_demo.actions.evaluate import EvaluateResult, Failure, Row
from aigc_demo.actions.evaluate.figures import VERDICTS, FigureWords, figures
from aigc_demo.actions.evaluate.result import Made
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.language import Words

PAIRS, PICTURES = 6, 24
EDGE = 4.0  # per cent of the scale that stays free at either end


def table_html(result: EvaluateResult, words: Words, lang: str) -> str:
    """Figures, one group each, with a line for every model."""
    heads = ("model", "plot", "value", "interval", "difference", "outcome")
    columns = "".join(
        f'<th scope="col" class="{name}">{words.say(f"evaluate.{name}", lang)}</th>' for name in heads
    )
    groups = "".join(_group(result, name, words, lang) for name in result.figures)
    notes = "".join(f'<p class="note remark">{escape(note.say(lang))}</p>' for note in result.notes)
    return (
        f'<table class="evaluation"><thead><tr>{columns}</tr></thead>{groups}</table>'
        f'<p class="signature"><b>{words.say("evaluate.signature", lang)}</b> <code>{escape(result.signature)}</code></p>{notes}'
    )


def _group(result: EvaluateResult, name: str, words: Words, lang: str) -> str:
    """One figure: what it is, and every model's value."""
    rows, about = [row for row in result.rows if row.figure == name], figures()[name]
    low, high = _scale(rows)
    arrow = {True: "↑", False: "↓", None: ""}[about.higher]
    better = (
        words.say("evaluate.higher_is_better" if about.higher else "evaluate.lower_is_better", lang)
        if arrow
        else ""
    )
    real = next((row.real for row in rows if row.real is not None), None)
    held = (
        f'<span class="held">{words.say("evaluate.held_out", lang, value=about.told(real))}</span>'
        if real is not None
        else ""
    )
    lines = "".join(_line(row, about, low, high, real, words, lang) for row in rows)
    return (
        f'<tbody data-figure="{name}"><tr class="figure"><th colspan="6" scope="rowgroup">{escape(about.title.say(lang))} '
        f'<span class="arrow" title="{better}" aria-label="{better}">{arrow}</span>{held}'
        f"<small>{escape(about.about.say(lang))}</small></th></tr>{lines}</tbody>"
    )


def _scale(rows: Sequence[Row]) -> tuple[float, float]:
    """From the lowest to the highest that is drawn."""
    ends = [value for row in rows for value in (row.interval.point, row.interval.low, row.interval.high)]
    ends += [row.real for row in rows if row.real is not None]
    known = [value for value in ends if np.isfinite(value)]
    low, high = min(known, default=0.0), max(known, default=1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _line(
    row: Row, about: FigureWords, low: float, high: float, real: float | None, words: Words, lang: str
) -> str:
    """One model: error bar, value, interval, difference to the first model, verdict."""
    interval, change = row.interval, row.difference
    ends = f"{about.told(interval.low)} … {about.told(interval.high)}"
    differs = ""
    if change:
        p = f"<small>p = {change.p:.2g}</small>" if np.isfinite(change.p) else ""
        differs = f"{about.change(change.point)} <small>[{about.change(change.low)} … {about.change(change.high)}]</small> {p}"
    elif row.model:
        differs = f'<small class="first">{words.say("evaluate.first", lang)}</small>'
    seeds = ""
    if len(row.by_seed) > 1:
        told = ", ".join(map(about.told, row.by_seed))
        seeds = f"<small>{words.say('evaluate.by_seed', lang)} {told}</small>"
    label = f"{row.model}: {about.told(interval.point)}, 95 %: {ends}"
    verdict = (
        f'<span class="verdict {row.verdict.replace(" ", "-")}">{VERDICTS[row.verdict].say(lang)}</span>'
        if row.verdict
        else ""
    )
    return (
        f'<tr><th scope="row" class="model">{escape(row.model)}</th>'
        f'<td class="plot">{whisker(interval.point, interval.low, interval.high, low, high, label, real)}</td>'
        f'<td class="value">{about.told(interval.point)}</td>'
        f'<td class="interval">{ends}<small>n = {interval.n}</small>{seeds}</td>'
        f'<td class="difference">{differs}</td><td>{verdict}</td></tr>'
    )


def whisker(
    point: float, low: float, high: float, start: float, end: float, label: str, real: float | None = None
) -> str:
    """A dot with its error bar on a scale from `start` to `end`, and a dashed line at `real`."""

    def at(value: float) -> str:
        share = (value - start) / (end - start) if end > start else 0.5
        return f"{EDGE + (100 - 2 * EDGE) * min(max(share, 0), 1):.2f}%"

    bar = ""
    if np.isfinite(low) and np.isfinite(high):
        caps = "".join(f'<line x1="{at(x)}" x2="{at(x)}" y1="6" y2="16"/>' for x in (low, high))
        bar = f'<line x1="{at(low)}" x2="{at(high)}" y1="11" y2="11"/>{caps}'
    known = (
        f'<line class="held" x1="{at(real)}" x2="{at(real)}" y1="0" y2="22"/>'
        if real is not None and np.isfinite(real)
        else ""
    )
    dot = f'<circle cx="{at(point)}" cy="11" r="4.5"/>' if np.isfinite(point) else ""
    return f'<svg class="whisker" height="22" role="img" aria-label="{escape(label)}">{known}{bar}{dot}</svg>'


def pairs_html(result: EvaluateResult, words: Words, lang: str) -> str:
    """What the models made of the same, side by side."""
    if result.made and result.made[0] and not isinstance(result.made[0][0], str):
        columns = [
            _sheet(card.id, made, result, lang) for card, made in zip(result.cards, result.made, strict=True)
        ]
        if result.wanted:
            columns.append(_sheet(words.say("evaluate.real", lang), result.wanted, result, lang))
        return f'<div class="columns">{"".join(columns)}</div>'
    parts = []
    for place in range(min(PAIRS, min(map(len, result.made), default=0))):
        cells = "".join(
            f"<div><b>{escape(card.id)}</b>{made_html(made[place])}</div>"
            for card, made in zip(result.cards, result.made, strict=True)
        )
        if place < len(result.wanted):
            cells += f'<div class="wanted"><b>{words.say("evaluate.real", lang)}</b>{made_html(result.wanted[place])}</div>'
        prompt = result.prompts[place].say(lang) if place < len(result.prompts) else ""
        head = f'<p class="prompt">{escape(prompt)}</p>' if prompt else ""
        parts.append(f'<section class="pair">{head}<div class="cells">{cells}</div></section>')
    return "".join(parts)


def _sheet(name: str, made: Sequence[Made], result: EvaluateResult, lang: str) -> str:
    shown = [part for part in made[:PICTURES] if not isinstance(part, str)]
    captions = [prompt.say(lang) for prompt in result.prompts[: len(shown)]]
    captions += [""] * (len(shown) - len(captions))
    short = [caption if len(caption) <= 12 else "" for caption in captions]
    return (
        f"<section><h4>{escape(name)}</h4>{pictures.sheet(shown, 6, short, captions)}</section>"
        if shown
        else ""
    )


def made_html(made: Made) -> str:
    """A text, or a picture."""
    if isinstance(made, str):
        return f"<p>{escape(made)}</p>"
    return (
        f'<img class="pixelated" style="{pictures.rendering(made)}" src="{pictures.data_uri(made)}" alt="">'
    )


def failures_html(result: EvaluateResult, words: Words, lang: str) -> str:
    """The worst of every model, and what it should have been."""
    columns = []
    for card, failures in zip(result.cards, result.failures, strict=True):
        cards = "".join(_failure(failure, words, lang) for failure in failures)
        none = f'<p class="note">{words.say("evaluate.no_failures", lang)}</p>'
        columns.append(
            f"<section><h4>{escape(card.id)}</h4><div class='failures'>{cards or none}</div></section>"
        )
    return f'<div class="columns">{"".join(columns)}</div>'


def _failure(failure: Failure, words: Words, lang: str) -> str:
    wanted = ""
    if failure.wanted is not None:
        wanted = f'<div class="wanted"><small>{words.say("evaluate.beside", lang)}</small>{made_html(failure.wanted)}</div>'
    kind = "words" if isinstance(failure.made, str) else "picture"
    said = f"<figcaption>{escape(failure.words.say(lang))}</figcaption>"
    return f'<figure class="failure {kind}"><div>{made_html(failure.made)}</div>{wanted}{said}</figure>'


def confusion_html(result: EvaluateResult, words: Words, lang: str) -> str:
    """A matrix for every classifier: a row is what it is, a column what it was called; the deeper the more."""
    names = result.classes.get(lang, [])
    parts = []
    for card, matrix in zip(result.cards, result.confusion, strict=True):
        if matrix is None:
            continue
        top = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
        lines = "".join(_confused(names[place], matrix[place], place) for place in range(len(matrix)))
        caption = words.say("evaluate.confusion", lang, model=escape(card.id))
        parts.append(
            f'<div class="scroll"><table class="confusion"><caption>{caption}</caption><thead><tr><td></td>{top}</tr></thead>'
            f"<tbody>{lines}</tbody></table></div>"
        )
    return "".join(parts)


def _confused(name: str, counts: np.ndarray, own: int) -> str:
    total = max(int(counts.sum()), 1)
    cells = "".join(
        f'<td class="{"right" if place == own else "wrong"}" style="--share:{count / total:.3f}">{count or ""}</td>'
        for place, count in enumerate(counts.tolist())
    )
    return f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>'
