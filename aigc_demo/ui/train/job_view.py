"""A training job as it looks on the page: pure functions from what lies on the disk to HTML.

Everything here is made anew from the run's folder each time, so that a reload, a second browser and the page after a
night's sleep show the same.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from aigc_demo.jobs import Job
from aigc_demo.jobs.figure_words import figure_words
from aigc_demo.jobs.job import duration
from aigc_demo.models.family import family
from aigc_demo.ui.page.charts import Chart, Series, chart_html, short
from aigc_demo.ui.page.language import Words

Line = Mapping[str, Any]
SHARES = frozenset({"accuracy"})  # charts whose values lie in [0, 1]
PLACE = frozenset({"step", "seconds", "per_second"})  # of a line of the log: when and how fast, no evidence
TAIL = 12


def head_html(job: Job, words: Words, lang: str, badge: str = "") -> str:
    """Name, state in words or another `badge`, how far it is, how fast, how long still, on which device."""
    say = words.say
    elsewhere = job.state == "done" and not job.step  # opened from a zip: its log stayed where it was trained
    share = 1.0 if elsewhere else job.step / max(job.steps, 1)
    step = job.steps if elsewhere else job.step
    began = step or job.state != "failed"
    facts = [
        say("train.step_of", lang, step=f"{step:,}", steps=f"{job.steps:,}")
        if began
        else say("train.never_began", lang)
    ]
    if job.state == "running" and job.per_second:
        unit = say(f"train.unit.{family(job.request.family).reads}", lang)
        facts.append(say("train.pace", lang, rate=f"{job.per_second:,.0f}", unit=unit))
    if job.state == "running" and job.seconds_left is not None:
        facts.append(say("train.left", lang, time=duration(job.seconds_left, lang)))
    elif job.seconds:
        facts.append(say("train.took", lang, time=duration(job.seconds, lang)))
    if job.device != "auto":
        facts.append(job.device.upper())
    started = job.request.start or say("train.from_scratch", lang)
    what = f"LoRA r {job.request.lora_rank}" if job.request.method == "lora" else job.request.size
    about = " · ".join([job.request.family, what, job.request.data.rsplit("/", 1)[-1], started])
    return (
        f'<div class="job {job.state}"><p class="name"><b>{escape(job.name)}</b>'
        f'<span class="badge">{badge or say(f"train.state.{job.state}", lang)}</span><span class="about">{escape(about)}</span></p>'
        f'<div class="progress" role="progressbar" aria-label="{escape(facts[0])}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{share * 100:.0f}"><i style="width:{share * 100:.1f}%"></i></div>'
        f'<p class="facts">{escape(" · ".join(facts))}</p>{_cause(job, lang)}</div>'
    )


def _cause(job: Job, lang: str) -> str:
    """The state in a sentence, where the badge does not say it all."""
    if job.state in ("queued", "failed", "interrupted"):
        return f'<p class="cause" role="status">{escape(job.words(lang))}</p>'
    return ""


def _named(kind: str, name: str, words: Words, lang: str) -> str:
    """What a chart or a line of it is called: by the page's words, else as the figure of that name."""
    key = f"train.{kind}.{name}"
    return words.say(key, lang) if key in words.tables[lang] else figure_words(name).say(lang)


def charts_html(name: str, log: Sequence[Line], steps: int, words: Words, lang: str) -> str:
    """The family's curves, as far as the log has them."""
    charts = []
    for title, lines in family(name).curves.items():
        series = [
            Series(_named("line", key, words, lang), values(log, key), ink, dashed)
            for key, ink, dashed in lines
        ]
        bounds = (0.0, 1.0) if title in SHARES else None
        chart = Chart(
            _named("chart", title, words, lang), words.say("train.step", lang), series, steps, bounds
        )
        charts.append(
            chart_html(chart, words.say("train.spoken", lang, name="{name}", first="{first}", last="{last}"))
        )
    drawn = "".join(charts)
    return f'<div class="charts">{drawn}</div>' if drawn else ""


def values(log: Sequence[Line], key: str) -> list[tuple[float, float]]:
    """(step, value) of one figure in the lines that have it."""
    return [(line["step"], line[key]) for line in log if isinstance(line.get(key), int | float)]


def events_html(events: Sequence[Line], words: Words, lang: str) -> str:
    """What happened and what the training doctor says, newest first: each with its evidence and its suggestion."""
    cards = [_event(event, words, lang) for event in reversed(events) if event.get(lang)]
    return f'<div class="doctor" role="log">{"".join(cards[:TAIL])}</div>' if cards else ""


def _event(event: Line, words: Words, lang: str) -> str:
    name = str(event.get("name") or event["kind"])
    known = f"diagnosis.{name}"
    title = words.say(known, lang) if known in words.tables[lang] else name.replace("_", " ")
    evidence = event.get("evidence")
    facts = "".join(
        f"<span>{escape(figure_words(str(key)).say(lang))} <b>{escape(_value(value))}</b></span>"
        for key, value in (evidence if isinstance(evidence, Mapping) else {}).items()
        if key not in PLACE
    )
    at = words.say("train.at_step", lang, step=event.get("step", 0))
    return (
        f'<article class="diagnosis"><h4>{escape(title)}<small>{at}</small></h4>'
        f'<p>{escape(str(event[lang]))}</p><p class="evidence">{facts}</p></article>'
    )


def log_html(job: Job, log: Sequence[Line]) -> str:
    """The last lines of the log, and what the process itself printed."""
    lines = ["  ".join(f"{key} {_value(value)}" for key, value in line.items()) for line in list(log)[-TAIL:]]
    printed = job.tail(TAIL)
    return (
        f'<pre class="tail" tabindex="0">{escape(chr(10).join([*lines, printed]).strip())}</pre>'
        if lines or printed
        else ""
    )


def figures_html(figures: Line, lang: str) -> str:
    """What was measured at the end."""
    rows = "".join(
        f"<div><dt>{escape(figure_words(str(key)).say(lang))}</dt><dd>{escape(_value(value))}</dd></div>"
        for key, value in figures.items()
        if isinstance(value, int | float | str)
    )
    return f'<dl class="measured">{rows}</dl>' if rows else ""


def card_text(job: Job) -> str:
    """The model card's own words: README.md without its front matter; "" before there is one."""
    try:
        text = (job.folder / "README.md").read_text("utf-8")
    except OSError:
        return ""
    return text.split("\n---\n", 1)[-1].strip() if text.startswith("---\n") else text


def _value(value: Any) -> str:
    return short(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
