"""Attention weights as a heat map: one pixel an entry, its opacity the square root of the weight.

The root lets small weights be seen; the browser reads the numbers back from the picture, for the entry under the pointer.
"""

import json
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from aigc_demo.provenance.carrying import NOTHING
from aigc_demo.ui.page.language import Say
from aigc_demo.ui.page.pictures import data_uri
from aigc_demo.ui.text.odds import visible

INK = (184, 64, 44)  # the page's accent, #B8402C
LABELLED = 56  # the most tokens whose labels can still be read beside the map


def inked(weights: np.ndarray) -> np.ndarray:
    """Weights (H, W) in [0, 1] as a picture (H, W, 4)."""
    pixels = np.empty((*weights.shape, 4), np.uint8)
    pixels[..., :3] = INK
    pixels[..., 3] = np.rint(255 * np.sqrt(np.clip(weights, 0, 1)))
    return pixels


def heat_map(
    weights: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    caption: str,
    hint: str,
    data: Mapping[str, int],
    say: Say,
) -> str:
    """The matrix (T, S) in [0, 1] with its T row and S column labels where they fit; `data` goes into data- attributes.

    `hint` stands where the number under the pointer will.
    """
    names = {
        "rows": [visible(text, say) for text in rows],
        "columns": [visible(text, say) for text in columns],
    }
    gutter = min(max(_width(name) for side in names.values() for name in side), 12)
    fits = max(weights.shape) <= LABELLED
    sides = "".join(_side(side, labels) for side, labels in names.items()) if fits else ""
    entries = {**data, **{side: json.dumps(labels, ensure_ascii=False) for side, labels in names.items()}}
    attributes = " ".join(f'data-{name}="{escape(str(value))}"' for name, value in entries.items())
    shape = f"--rows:{weights.shape[0]};--columns:{weights.shape[1]};--gutter:{gutter}ch"
    return (
        f'<figure class="attention{" labelled" if sides else ""}" {attributes} style="{shape}">'
        f'<div class="matrix" tabindex="0" role="group" aria-label="{escape(say("attention.keys"))}">{sides}'
        f'<div class="square"><img src="{data_uri(inked(weights), NOTHING)}" alt="" draggable="false"><span class="cell" hidden></span></div>'
        f'</div><output aria-live="polite">{escape(hint)}</output>'
        f'<figcaption class="note">{escape(caption)}</figcaption></figure>'
    )


def _side(side: str, names: list[str]) -> str:
    labels = "".join(f"<span>{escape(name)}</span>" for name in names)
    return f'<div class="{side}" aria-hidden="true">{labels}</div>'


def _width(name: str) -> int:
    """How wide a label is, in the width of a digit: a Chinese character takes two."""
    return sum(2 if character >= "⺀" else 1 for character in name)
