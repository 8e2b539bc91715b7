"""Pictures on the page. Small ones: one sprite for all of them, shown pixel by pixel with CSS. Large ones: by address."""

import base64
from collections.abc import Sequence
from html import escape

import numpy as np
from PIL import Image

from aigc_demo import media
from aigc_demo.provenance import SOURCE_TYPE, Label, Provenance

PIXELATED = 48  # pixels: wider pictures are smoothed where the page scales them
LARGE = 128  # pixels: wider ones travel as JPEG, a tenth of a PNG's size


def data_uri(picture: np.ndarray, said: Provenance | None = None) -> str:
    """A picture (H, W) or (H, W, 3) uint8 as a PNG in a data: address.

    It says that AI made it, for who saves it from the page. What a model did not make passes what it `said`: the
    statements of the file that it came from, or NOTHING.
    """
    data = media.encode(Image.fromarray(picture), ".png", said or made_by_ai(), compress_level=1)
    return "data:image/png;base64," + base64.b64encode(data).decode()


def jpeg_uri(picture: np.ndarray, quality: int = 85, said: Provenance | None = None) -> str:
    """A picture (H, W, 3) uint8 as a small JPEG in a data: address, labelled like `data_uri`."""
    data = media.encode(Image.fromarray(picture), ".jpg", said or made_by_ai(), quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()


def made_by_ai() -> Provenance:
    """The label of a picture on the page; the recipe is in the file that the page offers."""
    return Provenance(label=Label.new(), source_type=SOURCE_TYPE)


def shrunk(picture: np.ndarray, side: int) -> np.ndarray:
    """A picture (H, W[, 3]) whose longer side is at most `side` pixels."""
    small = Image.fromarray(picture)
    small.thumbnail((side, side))
    return np.asarray(small)


def sprite(pictures: Sequence[np.ndarray], columns: int | None = None, said: Provenance | None = None) -> str:
    """Pictures of one size in rows of `columns`, or all in one row, as a data: address; labelled like `data_uri`."""
    columns = columns or len(pictures)
    blank = [np.zeros_like(pictures[0])] * (-len(pictures) % columns)
    cells = [*pictures, *blank]
    rows = [np.concatenate(cells[i : i + columns], axis=1) for i in range(0, len(cells), columns)]
    address_of = data_uri if pictures[0].shape[1] <= LARGE else jpeg_uri
    return address_of(np.concatenate(rows), said=said)


def place(index: int, total: int, columns: int | None = None) -> str:
    """CSS that shows picture `index` of a sprite of `total` in rows of `columns`, or all in one row."""
    columns = columns or total
    rows = -(-total // columns)
    x, y = (
        100 * at / max(count - 1, 1) for at, count in ((index % columns, columns), (index // columns, rows))
    )
    return f"background-position:{x:.4f}% {y:.4f}%;background-size:{100 * columns}% {100 * rows}%"


def rendering(picture: np.ndarray) -> str:
    """CSS for how pictures are scaled: the pixels of small ones are shown as they are, large ones are smoothed."""
    return f"--rendering:{'pixelated' if picture.shape[1] <= PIXELATED else 'auto'}"


def sheet(
    pictures: Sequence[np.ndarray],
    columns: int,
    captions: Sequence[str],
    names: Sequence[str],
    said: Provenance | None = None,
) -> str:
    """A contact sheet of buttons; `names` are read aloud and shown on hover, captions stand under the pictures.

    Labelled like `data_uri`.
    """
    cells = "".join(
        f'<button type="button" class="picture" data-index="{i}" aria-label="{escape(name)}" title="{escape(name)}">'
        f'<span class="pixels" style="{place(i, len(pictures), columns)}"></span>'
        f"{f'<span class=caption>{escape(caption)}</span>' if caption else ''}</button>"
        for i, (caption, name) in enumerate(zip(captions, names, strict=True))
    )
    style = f"--columns:{columns};{rendering(pictures[0])};--sprite:url({sprite(pictures, columns, said)})"
    return f'<div class="sheet" style="{style}">{cells}</div>'


def figure(picture: np.ndarray, caption: str, said: Provenance | None = None) -> str:
    """One picture, large, with a caption under it; labelled like `data_uri`."""
    return (
        f'<figure class="large" style="{rendering(picture)}">'
        f'<img class="pixelated" src="{data_uri(picture, said)}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def empty(words: str) -> str:
    """What stands where a result will appear."""
    return f'<div class="empty">{words}</div>'
