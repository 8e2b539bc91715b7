"""A sweep as it looks on the page: pure functions from what lies on the disk to HTML."""

from html import escape
from typing import Any

from aigc_demo.core.words import label_of
from aigc_demo.jobs import TrainRequest
from aigc_demo.jobs.figure_words import figure_words
from aigc_demo.jobs.job import duration
from aigc_demo.jobs.sweep import Sweep
from aigc_demo.jobs.sweep.report import verdict
from aigc_demo.jobs.sweep.space import said, shown
from aigc_demo.jobs.sweep.sweeps import STATES, run_name
from aigc_demo.ui.page.language import Words
from aigc_demo.ui.train.sweep_plot import Dot, Picture, forest_html, plot_html

BADGES = {"waiting": "queued", "running": "running", "testing": "running"}


def head_html(sweep: Sweep, words: Words, lang: str) -> str:
    """Name, state, how far it is, and why it has ended where it has not come to its end."""
    ended = sum(job is not None and not job.active and not job.can_resume for job in sweep.jobs)
    share = sum(job.step for job in sweep.jobs if job) / (len(sweep.points) * sweep.request.base.steps)
    share = 1.0 if sweep.status.state == "done" else share
    base = sweep.request.base
    about = " · ".join(
        [
            base.family,
            base.size,
            base.data.rsplit("/", 1)[-1],
            words.say(f"choice.{sweep.request.search}", lang),
        ]
    )
    facts = words.say(
        "sweep.facts",
        lang,
        ended=ended,
        runs=len(sweep.points),
        steps=base.steps,
        time=duration(sweep.spent, lang),
    )
    state = sweep.status.state
    cause = f'<p class="cause" role="status">{escape(sweep.words(lang))}</p>' if sweep.status.cause else ""
    return (
        f'<div class="job {BADGES.get(state, state)}"><p class="name"><b>{escape(sweep.name)}</b>'
        f'<span class="badge">{escape(STATES[state].say(lang))}</span><span class="about">{escape(about)}</span></p>'
        f'<div class="progress" role="progressbar" aria-label="{escape(facts)}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{share * 100:.0f}"><i style="width:{share * 100:.1f}%"></i></div>'
        f'<p class="facts">{escape(facts)}</p>{cause}</div>'
    )


def plot(sweep: Sweep, words: Words, lang: str) -> str:
    """All runs in one picture."""
    names = list(sweep.points[0])
    dots = [
        Dot(run_name(sweep.name, place), [point[name] for name in names], sweep.figure(place))
        for place, point in enumerate(sweep.points)
    ]
    axes = [label_of(TrainRequest, name).say(lang) for name in names]
    figure = figure_words(sweep.goal.figure).say(lang)
    way = words.say("sweep.lower" if sweep.goal.lower else "sweep.higher", lang)
    return plot_html(Picture(axes, figure, dots, sweep.best(), sweep.goal.lower), f"{figure} · {way}")


def result_html(sweep: Sweep, words: Words, lang: str) -> str:
    """The verdict, and both figures with their intervals."""
    if sweep.best() is None and sweep.status.chosen is None:
        return ""
    result = sweep.result
    rows = (
        [(words.say(f"sweep.{part}", lang), result.get(part) or {}) for part in ("validation", "test")]
        if result
        else []
    )
    return (
        f'<div class="plan sweep-verdict"><p>{escape(verdict(sweep).say(lang))}</p></div>'
        f"{forest_html(rows, figure_words(sweep.goal.figure).say(lang))}"
    )


def table_html(sweep: Sweep, picked: int | None, words: Words, lang: str) -> str:
    """A row a run: settings, figure, how far from the best, seconds, state; the best is marked, one can be picked."""
    say, names = words.say, list(sweep.points[0])
    told = {row["run"]: row for row in sweep.result.get("runs", [])}
    head = [say("sweep.run", lang), *(label_of(TrainRequest, name).say(lang) for name in names)]
    head += [figure_words(sweep.goal.figure).say(lang)]
    head += [say("sweep.difference", lang)] if any("difference" in row for row in told.values()) else []
    head += [say("sweep.seconds", lang), say("sweep.state_name", lang)]
    best = sweep.best()
    rows = "".join(
        _row(sweep, place, best, picked, told.get(run_name(sweep.name, place), {}), len(head), words, lang)
        for place in range(len(sweep.points))
    )
    cells = "".join(f"<th>{escape(name)}</th>" for name in head)
    return f'<div class="sweep-table" tabindex="0"><table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(
    sweep: Sweep,
    place: int,
    best: int | None,
    picked: int | None,
    told: dict[str, Any],
    width: int,
    words: Words,
    lang: str,
) -> str:
    say, job, figure = words.say, sweep.jobs[place], sweep.figure(place)
    values = [shown(value) for value in sweep.points[place].values()]
    mark = f' <span class="badge">{say("sweep.best", lang)}</span>' if place == best else ""
    state = say(f"train.state.{job.state}", lang) if job else say("sweep.not_begun", lang)
    if job and job.state in ("running", "stopped", "interrupted"):
        state += f" · {job.step}/{job.steps}"
    cells = [escape(value) for value in values]
    cells.append(f"{figure:.4g}{mark}" if figure is not None else "–")
    if width == len(values) + 5:
        cells.append(_difference(told, words, lang) if place != best else "")
    cells += [f"{job.seconds:.0f}" if job else "–", escape(state)]
    name = escape(run_name(sweep.name, place))
    pressed = str(place == picked).lower()
    words_of_row = escape(f"{name}: {said(sweep.points[place]).say(lang)}")
    first = (
        f'<th scope="row"><button type="button" data-index="{place}" aria-pressed="{pressed}" '
        f'aria-label="{words_of_row}">{name}</button></th>'
    )
    return f'<tr class="{"best" if place == best else ""}">{first}{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _difference(told: dict[str, Any], words: Words, lang: str) -> str:
    """How far a run's figure is from the best's, example by example; in words where it cannot be told from it."""
    found = told.get("difference")
    if not found:
        return "–"
    ends = f"{found['point']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}]"
    if told.get("told_apart"):
        return ends
    return f"{ends} <em>{escape(words.say('sweep.not_different', lang))}</em>"
