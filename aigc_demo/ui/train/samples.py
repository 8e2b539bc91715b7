"""What the same seeds gave through training time: a film that the reader moves by hand.

The sheets are files of the run. They reach the browser by address, through Gradio's own cache of files, so that each
travels once however often the view is drawn.
"""

import json
import shutil
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from aigc_demo import media
from aigc_demo.core.errors import InputError
from aigc_demo.jobs import Job
from aigc_demo.provenance import Recipe
from aigc_demo.provenance.marking import Marking
from aigc_demo.ui.page.film import film_html
from aigc_demo.ui.page.gradio_gaps import file_address
from aigc_demo.ui.page.language import Words

FRAMES = 48  # more cannot be told apart on a slider
FPS, LINGER = 4, 8  # frames a second of a saved film, and how often its last one is repeated


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


def can_be_filmed(samples: Sequence[Path]) -> bool:
    """Whether there are pictures of two moments at least."""
    return len(samples) > 1 and samples[0].suffix != ".json"


def write_film(job: Job, folder: Path, marking: Marking) -> Path:
    """The samples through training time as an endless GIF; the last ones stay for a while."""
    shown = job.samples()
    if not can_be_filmed(shown):
        raise InputError(
            en=f"{job.name} has no pictures of two moments yet; wait for its next samples.",
            zh=f"{job.name} 还没有两个时刻的图片样本；请等到下一次采样。",
        )
    frames = [np.asarray(Image.open(path).convert("RGB")) for path in few(shown)]
    recipe = Recipe(task="train", model=job.model, request={"steps": [int(path.stem) for path in few(shown)]})
    path = media.new_path(folder, f"{job.name}-training", ".gif")
    return media.save_animation([*frames, *frames[-1:] * LINGER], path, recipe, FPS, marking=marking)


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
