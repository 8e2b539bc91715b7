"""Small pictures on the page: one sprite for all of them, shown pixel by pixel with CSS."""

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np
from PIL import Image


def data_uri(picture: np.ndarray) -> str:
    """A picture (H, W) or (H, W, 3) uint8 as a PNG in a data: address."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def sprite(pictures: Sequence[np.ndarray]) -> str:
    """Pictures of one size side by side, as a data: address."""
    return data_uri(np.concatenate(list(pictures), axis=1))


def place(index: int, total: int) -> str:
    """CSS that shows picture `index` of a sprite of `total`."""
    x = 0 if total == 1 else 100 * index / (total - 1)
    return f"background-position:{x:.4f}% 0;background-size:{100 * total}% 100%"


def sheet(pictures: Sequence[np.ndarray], columns: int, captions: Sequence[str], names: Sequence[str]) -> str:
    """A contact sheet of buttons; `names` are read aloud and shown on hover, captions stand under the pictures."""
    cells = "".join(
        f'<button type="button" class="picture" data-index="{i}" aria-label="{escape(name)}" title="{escape(name)}">'
        f'<span class="pixels" style="{place(i, len(pictures))}"></span>'
        f"{f'<span class=caption>{escape(caption)}</span>' if caption else ''}</button>"
        for i, (caption, name) in enumerate(zip(captions, names, strict=True))
    )
    return f'<div class="sheet" style="--columns:{columns};--sprite:url({sprite(pictures)})">{cells}</div>'


def figure(picture: np.ndarray, caption: str) -> str:
    """One picture, large, with a caption under it."""
    return (
        f'<figure class="large"><img class="pixelated" src="{data_uri(picture)}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def empty(words: str) -> str:
    """What stands where a result will appear."""
    return f'<div class="empty">{words}</div>'
