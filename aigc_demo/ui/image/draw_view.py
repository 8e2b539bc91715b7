"""What the visitor sees of a drawing, as HTML: the preview that grows, the pictures, the way from noise to one of them."""

from collections.abc import Sequence
from html import escape

import numpy as np

from aigc_demo.actions import DrawResult
from aigc_demo.jobs.job import duration
from aigc_demo.ui.image.draw_progress import FinishedDrawing
from aigc_demo.ui.page.charts import Chart, Series, chart_html
from aigc_demo.ui.page.film import film_html
from aigc_demo.ui.page.language import Words
from aigc_demo.ui.page.pictures import data_uri, jpeg_uri, shrunk

# pixels of a preview's longer side where one picture is drawn; half of it where several are
PREVIEW_SIDE = 448
PIXELS_SHOWN = 64  # pixels: narrower pictures are shown pixel by pixel


def progress_text(result: DrawResult, left: float | None, words: Words, lang: str) -> str:
    """ "step 3 of 20, 12 s left", and of several pictures which one."""
    facts = [words.say("draw.step", lang, step=result.step, steps=result.steps)]
    if result.request.count > 1:
        at_work = max(len(result.preview) if result.preview is not None else 0, result.finished + 1)
        place = f"{result.finished + 1}–{at_work}" if at_work > result.finished + 1 else at_work
        facts.append(words.say("draw.picture_of", lang, place=place, count=result.request.count))
    if left is not None:
        facts.append(words.say("train.left", lang, time=duration(left, lang)))
    return " · ".join(facts)


def progress_html(result: DrawResult, text: str, words: Words, lang: str) -> str:
    """The pictures as far as they are, over a bar."""
    share = 100 * result.step / max(result.steps, 1)
    previews = result.preview if result.preview is not None else ()
    side = PREVIEW_SIDE if len(previews) < 2 else PREVIEW_SIDE // 2
    name = escape(words.say("draw.preview", lang))
    cells = "".join(f'<img src="{small_uri(shrunk(picture, side))}" alt="{name}">' for picture in previews)
    board = (
        f'<div class="board" style="--columns:{columns(len(previews))}">{cells}</div>'
        if cells
        else f'<div class="empty">{name}</div>'
    )
    return (
        f'<div class="drawn growing{pixels_shown(previews)}">{board}<div class="progress" role="progressbar" aria-label="{escape(text)}" '
        f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{share:.0f}"><i style="width:{share:.1f}%"></i></div></div>'
    )


def small_uri(picture: np.ndarray) -> str:
    """A preview: of small pictures every pixel counts."""
    return data_uri(picture) if picture.shape[1] <= PIXELS_SHOWN else jpeg_uri(picture)


def pixels_shown(pictures: Sequence[np.ndarray]) -> str:
    """The class of pictures so small that their pixels are shown as they are; "" where they are not."""
    return " pixels-shown" if len(pictures) and pictures[0].shape[1] <= PIXELS_SHOWN else ""


def columns(count: int) -> int:
    """How many pictures stand in a row."""
    return min(8, max(1, round(count**0.5 + 0.4)))


def pictures_html(drawing: FinishedDrawing, index: int, words: Words, lang: str) -> str:
    """One picture as large as there is room, and all of them in a row to choose from."""
    names = [
        words.say("draw.one", lang, place=i + 1, count=len(drawing.addresses), seed=seed)
        for i, seed in enumerate(drawing.result.seeds)
    ]
    large = f'<img class="shown" src="{drawing.addresses[index]}" alt="{escape(names[index])}">'
    shown = pixels_shown(drawing.result.pictures)
    if len(names) == 1:
        return f'<div class="drawn{shown}">{large}</div>'
    cells = ""
    for i, (address, name) in enumerate(zip(drawing.addresses, names, strict=True)):
        said, marked = speaks(drawing.result.evidence, i, words, lang)
        cells += (
            f'<button type="button" data-index="{i}" aria-pressed="{str(i == index).lower()}" aria-label="{escape(name)}" '
            f'title="{escape(name)}"{marked}><img src="{address}" alt="" loading="lazy">{said}</button>'
        )
    ranked = (
        f'<p class="note">{escape(words.say("draw.ranked", lang))}</p>' if drawing.result.evidence else ""
    )
    return f'<div class="drawn{shown}">{large}<div class="choices">{cells}</div>{ranked}</div>'


def speaks(worth: Sequence[float], index: int, words: Words, lang: str) -> tuple[str, str]:
    """How much a picture speaks for its words, and its class where it does so most; empty where its model cannot tell."""
    if not worth:
        return "", ""
    best = worth[index] == max(worth) > min(worth)
    key = "draw.speaks_best" if best else "draw.speaks"
    said = words.say(key, lang, bits=f"{worth[index]:.0f}")
    return f"<small>{escape(said)}</small>", ' class="best"' if best else ""


def inside_html(drawing: FinishedDrawing, index: int, words: Words, lang: str) -> str:
    """One picture from noise to its end under a slider, its seed, and how much noise each step left."""
    result = drawing.result
    seed = words.say("draw.own_seed", lang, seed=result.seeds[index])
    explained = f'<p class="note">{words.say("draw.film", lang)}</p>'
    return f'<p class="note">{escape(seed)}</p>{way_html(drawing, index, words, lang)}{explained}{noise_chart(result, words, lang)}'


def way_html(drawing: FinishedDrawing, index: int, words: Words, lang: str) -> str:
    """The way of one picture out of the noise, as a film."""
    frames = [(step, small_uri(picture)) for step, picture in drawing.film(index)]
    step, source = frames[-1]
    alt = escape(words.say("draw.at_step", lang, step=step))
    body = f'<div class="sheets{pixels_shown(drawing.result.pictures)}"><img class="now" src="{source}" alt="{alt}"></div>'
    return film_html(drawing.addresses[index], frames, body, words.say("draw.way", lang), words, lang)


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
