"""A white pad to draw on with mouse, pen or finger, which also takes a picture from a file."""

import base64
import json
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from aigc_demo import media
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.provenance.carrying import carried
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE, QUICK
from aigc_demo.ui.page.live import LIVE, Newest
from aigc_demo.ui.page.pictures import data_uri
from aigc_demo.ui.page.theme import asset

# Characters of a data: address; a drawing of 280 x 280 has some ten thousand, a mask of 768 x 768 twice that.
MAX_DRAWING = 2_000_000
Strokes = Sequence[Sequence[tuple[int, int]]]  # lines through points, in pixels of the pad
DRAWING = "drawing"
PREFIX = "data:image/png;base64,"
BROKEN = Text(
    "The drawing did not arrive whole; clear the pad and draw again.", "画没有完整送达；请清空画板后重画。"
)


class DrawPad:
    """The pad. `path` is a gr.State with the file of what is on it, "" while it is empty; `answer` connects what follows it.

    The browser sends the drawing while a stroke goes on, one call at a time, so that a live handler shows its result
    while one draws. `opening` are strokes that draw themselves as the pad is first seen; the first stroke of a
    hand wipes them away.
    """

    def __init__(self, context: Context, elem_id: str, opening: Strokes = ()) -> None:
        self.context, self.elem_id = context, elem_id
        words = context.words
        self.path = gr.State("")
        self.pad = gr.HTML(
            None,
            html_template=f'<canvas width="280" height="280" tabindex="0" role="img" '
            f'data-en="{words.say("pad.name", "en")}" data-zh="{words.say("pad.name", "zh")}" '
            f'data-opening="{escape(json.dumps(opening))}"></canvas>',
            js_on_load=asset("draw_pad.js"),
            elem_id=elem_id,
            elem_classes="draw-pad",
        )
        with gr.Row(elem_classes="small-buttons"):
            kinds = [".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"]
            self.open = gr.UploadButton(
                words("pad.open"), file_types=kinds, size="sm", elem_id=f"{elem_id}-open"
            )
            self.clear = gr.Button(words("pad.clear"), size="sm", elem_id=f"{elem_id}-clear")
        self.drawing = Newest(
            self.pad.input, f"document.querySelector('#{elem_id} canvas').toDataURL('image/png')"
        )
        self.opened = self.open.upload(self.opened_file, self.open, [self.path, self.pad], **PRIVATE)
        self.clear.click(
            lambda: "",
            None,
            self.path,
            js=f"() => document.querySelector('#{elem_id} canvas').dispatchEvent(new Event('wipe'))",
            **QUICK,
        )

    def answer(self, handler: Callable[..., Any], inputs: set[Any], outputs: list[Any]) -> list[Any]:
        """Connect a live handler of a tab, with the drawing in one call: a second would come as late again as the first.

        Its inputs have `path`. Of the events, one comes with a stroke and one with an opened file.
        """

        def draw(values: dict[Any, Any], visitor: gr.Request) -> Any:
            path = self.drawn(values[self.path], values[self.drawing.box], visitor)
            if not isinstance(path, str):  # what was wrong is said
                return path
            shown = handler({**values, self.path: path}, visitor)
            return {self.path: path, **(shown if shown != gr.skip() else {})}

        return [
            self.drawing.came(draw, {*inputs, self.drawing.box}, [self.path, *outputs], **LIVE),
            self.opened.success(handler, inputs, outputs, **LIVE),
        ]

    def strokes(self, strokes: Strokes) -> str:
        """The script that draws `strokes` on the empty pad, as a hand would."""
        event = f"new CustomEvent('strokes', {{ detail: {json.dumps(strokes)} }})"
        return f"() => document.querySelector('#{self.elem_id} canvas').dispatchEvent({event})"

    @polite
    def drawn(self, last: str, drawing: str, visitor: gr.Request) -> str:
        """A stroke goes on or ended: keep the drawing, in the file that was this pad's `last` one if that was drawn, too."""
        return keep(png_of(drawing, BROKEN), last, self.context.folder(visitor))

    @polite
    def opened_file(self, path: str, visitor: gr.Request) -> Any:
        """A file was chosen: check it, and show it on the pad."""
        import numpy as np

        picture = media.open_picture(path)
        shown = picture.copy()
        shown.thumbnail((280, 280))
        return path, data_uri(np.asarray(shown), carried(path))


def keep(data: bytes, last: str, folder: Path) -> str:
    """Write what is on a pad, into its `last` file of this folder if that was drawn, too; where it is."""
    path = Path(last or "none")
    if path.parent != folder or not path.name.startswith(DRAWING):
        path = media.new_path(folder, DRAWING, ".png")
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.replace(path)  # whoever reads it meanwhile has the whole of the older one
    return str(path)


def png_of(address: Any, broken: Text) -> bytes:
    """The PNG in a data: address that a pad sent; an InputError of the words `broken` where it is none, or too long."""
    try:
        if not isinstance(address, str) or not address.startswith(PREFIX) or len(address) > MAX_DRAWING:
            raise ValueError
        return base64.b64decode(address[len(PREFIX) :], validate=True)
    except ValueError as error:  # as binascii.Error is one
        raise InputError.of(broken) from error
