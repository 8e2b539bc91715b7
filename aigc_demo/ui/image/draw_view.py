"""What the visitor sees of a drawing, as HTML: the preview that grows, the pictures, the way from noise to one of them."""

import json
from html import escape

from aigc_demo.actions import DrawResult
from aigc_demo.jobs.job import duration
from aigc_demo.ui.image.request_form import Drawing
from aigc_demo.ui.page.language import Words
from aigc_demo.ui.page.pictures import jpeg_uri, shrunk
from aigc_demo.ui.train.charts import Chart, Series, chart_html

PREVIEW_SIDE = (
    448  # pixels of a preview's longer side where one picture is drawn; half of it where several are
)


def progress_text(result: DrawResult, left: float | None, words: Words, lang: str) -> str:
    """ "step 3 of 20, 12 s left", and of several pictures which one."""
    facts = [words.say("draw.step", lang, step=result.step, steps=result.steps)]
    if result.request.count > 1:
        each = max(result.steps // result.request.count, 1)
        at = min((result.step - 1) // each + 1, result.request.count)
        facts.append(words.say("draw.picture_of", lang, place=at, count=result.request.count))
    if left is not None:
        facts.append(words.say("train.left", lang, time=duration(left, lang)))
    return " · ".join(facts)


def progress_html(result: DrawResult, text: str, words: Words, lang: str) -> str:
    """The pictures as far as they are, over a bar."""
    share = 100 * result.step / max(result.steps, 1)
    previews = result.preview if result.preview is not None else ()
    side = PREVIEW_SIDE if len(previews) < 2 else PREVIEW_SIDE // 2
    name = escape(words.say("draw.preview", lang))
    cells = "".join(f'<img src="{jpeg_uri(shrunk(picture, side))}" alt="{name}">' for picture in previews)
    board = (
        f'<div class="board" style="--columns:{columns(len(previews))}">{cells}</div>'
        if cells
        else f'<div class="empty">{name}</div>'
    )
    return (
        f'<div class="drawn growing">{board}<div class="progress" role="progressbar" aria-label="{escape(text)}" '
        f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{share:.0f}"><i style="width:{share:.1f}%"></i></div></div>'
    )


def columns(count: int) -> int:
    """How many pictures stand in a row."""
    return min(4, max(1, round(count**0.5 + 0.4)))


def pictures_html(drawing: Drawing, index: int, words: Words, lang: str) -> str:
    """One picture as large as there is room, and all of them in a row to choose from."""
    names = [
        words.say("draw.one", lang, place=i + 1, count=len(drawing.addresses), seed=seed)
        for i, seed in enumerate(drawing.result.seeds)
    ]
    large = f'<img class="shown" src="{drawing.addresses[index]}" alt="{escape(names[index])}">'
    if len(names) == 1:
        return f'<div class="drawn">{large}</div>'
    cells = "".join(
        f'<button type="button" data-index="{i}" aria-pressed="{str(i == index).lower()}" aria-label="{escape(name)}" '
        f'title="{escape(name)}"><img src="{address}" alt="" loading="lazy"></button>'
        for i, (address, name) in enumerate(zip(drawing.addresses, names, strict=True))
    )
    return f'<div class="drawn">{large}<div class="choices">{cells}</div></div>'


def inside_html(drawing: Drawing, index: int, words: Words, lang: str) -> str:
    """One picture from noise to its end under a slider, its seed, and how much noise each step left."""
    result = drawing.result
    seed = words.say("draw.own_seed", lang, seed=result.seeds[index])
    explained = f'<p class="note">{words.say("draw.film", lang)}</p>'
    return f'<p class="note">{escape(seed)}</p>{film_html(drawing, index, words, lang)}{explained}{noise_chart(result, words, lang)}'


def film_html(drawing: Drawing, index: int, words: Words, lang: str) -> str:
    """The film of one picture, in the markup that assets/samples.js moves."""
    frames = [(step, jpeg_uri(picture)) for step, picture in drawing.film(index)]
    step, (last_step, source), last = (
        words.say("train.at_step", lang, step="{step}"),
        frames[-1],
        len(frames) - 1,
    )
    alt = words.say("draw.at_step", lang, step=last_step)
    return (
        f'<div class="film" data-run="{escape(drawing.addresses[index])}" data-step="{escape(step)}" '
        f'data-frames="{escape(json.dumps(frames))}">'
        f'<div class="sheets"><img class="now" src="{source}" alt="{escape(alt)}"></div>'
        f'<label class="hand"><span>{words.say("draw.way", lang)}</span>'
        f'<input type="range" min="0" max="{last}" value="{last}" {"disabled" if last == 0 else ""}>'
        f'<output class="at">{escape(step.format(step=last_step))}</output></label></div>'
    )


def noise_chart(result: DrawResult, words: Words, lang: str) -> str:
    """The schedule: the share of noise in the picture before each step."""
    points = [(step, sigma) for step, sigma in enumerate(result.sigmas)]
    if len(points) < 2:
        return ""
    line = Series(words.say("draw.sigma", lang), points)
    chart = Chart(
        words.say("draw.schedule", lang), words.say("train.step", lang), [line], len(points) - 1, (0.0, 1.05)
    )
    spoken = words.say("train.spoken", lang, name="{name}", first="{first}", last="{last}")
    return chart_html(chart, spoken)
