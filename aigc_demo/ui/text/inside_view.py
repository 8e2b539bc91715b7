"""Inside a text by a model without attention, as HTML: the path by which a count came to its odds, the gates of a memory.

Units are sorted by how differently they behave at marks, $(\\bar a_{mark} - \\bar a_{else}) / s$ with s their deviation over
the text: those that switch at the ends of lines come first, those that switch the other way last.
"""

from collections.abc import Sequence
from html import escape

import numpy as np

from aigc_demo.models.protocols import Rung
from aigc_demo.provenance.carrying import NOTHING
from aigc_demo.ui.page.language import Say
from aigc_demo.ui.page.pictures import data_uri
from aigc_demo.ui.text.heat_map import INK
from aigc_demo.ui.text.odds import percent, visible

OTHER_INK = (44, 92, 140)  # of a memory below 0
COLUMNS = ("order", "context", "seen", "followed", "kinds", "share", "own")
TELLING = 3  # units that are shown as a text of their own, at most
FEWEST = 2  # marks that a text must have for units to be sorted by them
LARGEST = 3  # of a memory: what is beyond is as dark


def path_html(rungs: Sequence[tuple[list[str], Rung]], token: str, uniform: float, say: Say) -> str:
    """The orders of an n-gram, the highest first: whether they knew the context, their counts, and what they dealt out.

    uniform: what each token gets of the share that no order has dealt out.
    """
    p = rungs[-1][1].p
    head = "".join(f"<th>{escape(say(f'counts.{name}'))}</th>" for name in COLUMNS)
    rows = "".join(_rung(len(context) + 1, context, rung, say) for context, rung in reversed(rungs))
    rest = max(0.0, 1 - sum(rung.share for _, rung in rungs))
    last = (
        f'<tr><td></td><td colspan="4">{escape(say("counts.even"))}</td><td>{percent(rest)}</td>'
        f"<td>{percent(uniform)}</td></tr>"
    )
    told = say("counts.told", token=visible(token, say), p=percent(p))
    return (
        f'<p class="finding">{escape(told)}</p><table class="counts"><thead><tr>{head}</tr></thead>'
        f'<tbody>{rows}{last}</tbody></table><p class="note">{escape(say("counts.caption"))}</p>'
    )


def _rung(order: int, context: list[str], rung: Rung, say: Say) -> str:
    shown = "".join(visible(label, say) for label in context) or say("counts.nothing")
    if not rung.seen:
        return f'<tr class="unseen"><td>{order}</td><td>{escape(shown)}</td><td colspan="5">{escape(say("counts.unseen"))}</td></tr>'
    cells = (
        f"{rung.seen:,}",
        f"{rung.followed:,}",
        f"{rung.kinds:,}",
        percent(rung.share),
        percent(rung.own),
    )
    bar = f' style="--share:{rung.share:.3f}"'
    return f"<tr{bar}><td>{order}</td><td>{escape(shown)}</td>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"  # fmt: skip


def is_mark(label: str) -> bool:
    """Whether a token is punctuation or the end of a line, no word and no control token."""
    return bool(label) and not any(character.isalnum() or character == " " for character in label)


def sorted_units(values: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """The units of `values` (T, units), those first that are highest at marks (T,) beside elsewhere, in deviations.

    A text with fewer than FEWEST marks sorts by how much the units move.
    """
    spread = values.std(0)
    if marks.sum() < FEWEST or marks.all():
        return np.argsort(-spread, kind="stable")
    apart = (values[marks].mean(0) - values[~marks].mean(0)) / (spread + 1e-6)
    return np.argsort(-apart, kind="stable")


def gates_html(labels: list[str], values: np.ndarray, name: str, say: Say) -> str:
    """One gate, or the memory, over a text: values (T, units) as a picture, a row a unit, and the most telling units as texts."""
    marks = np.array([is_mark(label) for label in labels])
    order = sorted_units(values, marks)
    scale = LARGEST if name == "memory" else 1.0
    picture = coloured((values[:, order] / scale).T)
    has_marks = marks.sum() >= FEWEST and not marks.all()
    count = min(TELLING, max(1, len(order) // 2))
    chosen = order[:count] if not has_marks else np.concatenate((order[:count], order[-count:]))
    texts = "".join(
        _unit(int(unit), labels, values[:, unit] / scale, marks, has_marks, say) for unit in chosen
    )
    told = say("gates.sorted" if has_marks else "gates.moving")
    names = "".join(f"<span>{escape(visible(label, say))}</span>" for label in labels)
    return (
        f'<figure class="gates" style="--columns:{len(labels)};--rows:{len(order)}"><p class="finding">{escape(say(f"gates.{name}_told"))}</p>'
        f'<div class="gate-labels" aria-hidden="true">{names}</div>'
        f'<img src="{data_uri(picture, NOTHING)}" alt="{escape(told)}" draggable="false">'
        f'<figcaption class="note">{escape(told)}</figcaption>{texts}</figure>'
    )


def coloured(values: np.ndarray) -> np.ndarray:
    """Values in [-1, 1] as a picture: the deeper the further from 0, red above and blue below."""
    pixels = np.empty((*values.shape, 4), np.uint8)
    pixels[..., :3] = np.where((values < 0)[..., None], OTHER_INK, INK)
    pixels[..., 3] = np.rint(255 * np.clip(np.abs(values), 0, 1))
    return pixels


def _unit(unit: int, labels: list[str], values: np.ndarray, marks: np.ndarray, told: bool, say: Say) -> str:
    """One unit as the text that it was read over, each token shaded by its value."""
    head = say("gates.unit", unit=unit + 1)
    if told:
        head = say("gates.unit_marks", unit=unit + 1, marks=f"{values[marks].mean():.2f}", others=f"{values[~marks].mean():.2f}")  # fmt: skip
    tokens = "".join(
        f'<span style="background:rgba({",".join(map(str, INK if value >= 0 else OTHER_INK))},{min(abs(value), 1):.2f})">'
        f"{escape(visible(label, say))}</span>"
        for label, value in zip(labels, values.tolist(), strict=True)
    )
    return f'<div class="unit"><p class="note">{escape(head)}</p><p class="shaded">{tokens}</p></div>'
