"""What the same seeds gave through training time: a film that the reader moves by hand.

The sheets are files of the run. They reach the browser by address, through Gradio's own cache of files, so that each
travels once however often the view is drawn.
"""

import json
import shutil
from collections.abc import Sequence
from html import escape
from pathlib import Path

from aigc_demo.ui.page.film import film_html
from aigc_demo.ui.page.gradio_gaps import file_address
from aigc_demo.ui.page.language import Words

FRAMES = 48  # more cannot be told apart on a slider


def samples_html(run: str, samples: Sequence[Path], words: Words, lang: str) -> str:
    """The film of a run's sample files, oldest first; their stem is the step. Nothing where there are none."""
    shown = few(samples)
    if not shown:
        return ""
    if shown[0].suffix == ".json":
        frames: list = [(int(path.stem), read_texts(path)) for path in shown]
        body = _columns(frames, words, lang)
    else:
        frames = [(int(path.stem), file_address(path)) for path in shown]
        body = _sheets(frames, words, lang)
    cover = _cover(words, lang) if shown[0].suffix != ".json" and len(frames) > 1 else ""
    return film_html(run, frames, body, words.say("train.time", lang), words, lang, cover)


def lent(samples: Sequence[Path], run: str, folder: Path) -> list[Path]:
    """Copies in `folder` of the few samples that are shown, under the same stems."""
    place = folder / f"samples-{run}"
    place.mkdir(exist_ok=True)
    for path in few(samples):
        copy = place / path.name
        if not copy.exists():
            shutil.copyfile(path, copy)
    return [place / path.name for path in few(samples)]


def few(samples: Sequence[Path]) -> list[Path]:
    """At most FRAMES of the samples, evenly in time, the first and the last among them."""
    if len(samples) <= FRAMES:
        return list(samples)
    return [samples[round(i * (len(samples) - 1) / (FRAMES - 1))] for i in range(FRAMES)]


def read_texts(path: Path) -> list[str]:
    """The texts of one sample file; none where it has just been taken away."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return [str(text)[:2000] for text in found] if isinstance(found, list) else []


def _sheets(frames: list[tuple[int, str]], words: Words, lang: str) -> str:
    """The sheet of now, and over its left part the sheet of the start."""
    start, now = frames[0], frames[-1]
    alt = escape(words.say("train.sheet", lang, step=now[0]))
    return (
        f'<div class="sheets"><img class="now pixelated" src="{now[1]}" alt="{alt}">'
        f'<img class="start pixelated" src="{start[1]}" alt=""><i class="edge"></i></div>'
    )


def _columns(frames: list[tuple[int, list[str]]], words: Words, lang: str) -> str:
    """The texts of the start beside those of now."""
    first, last = ("".join(f"<p>{escape(text)}</p>" for text in frames[at][1]) for at in (0, -1))
    if len(frames) == 1:
        return (
            f'<div class="columns"><section><h4 class="at"></h4><div class="now">{last}</div></section></div>'
        )
    step = words.say("train.at_step", lang, step=frames[0][0])
    return (
        f'<div class="columns"><section><h4>{words.say("train.before", lang)} · {step}</h4><div>{first}</div></section>'
        f'<section><h4 class="at"></h4><div class="now">{last}</div></section></div>'
    )


def _cover(words: Words, lang: str) -> str:
    return (
        f'<label class="hand"><span>{words.say("train.cover", lang)}</span>'
        f'<input type="range" min="0" max="100" value="0"><output>{words.say("train.before", lang)}</output></label>'
    )
