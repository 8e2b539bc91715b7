"""A picture to start from, and a brush to mark on it what is to be drawn anew.

The browser keeps the strokes (assets/mask_pad.js) and sends the mask after each: white where it was painted, black
elsewhere. Both files stay on the server; the page knows their pictures only.
"""

import json
from html import escape
from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr
import numpy as np
from PIL import Image

from aigc_demo import media
from aigc_demo.core.words import Text
from aigc_demo.provenance.carrying import carried
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.draw_pad import png_of
from aigc_demo.ui.page.events import PRIVATE, QUICK
from aigc_demo.ui.page.gradio_gaps import event_value
from aigc_demo.ui.page.pictures import LARGE, data_uri, jpeg_uri
from aigc_demo.ui.page.theme import asset

SHOWN = 768  # pixels of the longer side, as the browser gets the picture
TOOLS = ("paint", "erase", "undo", "clear", "invert")
WORDS = ("name", "drop", "size", *TOOLS)
BROKEN = Text(
    "The mask did not arrive whole; undo the last stroke and paint it again.",
    "蒙版没有完整送达；请撤销最后一笔后重新涂抹。",
)
KINDS = [".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"]


class MaskPad:
    """The pad. `picture` and `mask` are gr.States with the files of both, "" where there is none."""

    def __init__(self, context: Context, elem_id: str) -> None:
        self.context = context
        words = context.words
        self.picture, self.mask = gr.State(""), gr.State("")
        self.pad = gr.HTML(
            "", html_template=self._template(), js_on_load=asset("mask_pad.js"), elem_id=elem_id
        )
        with gr.Row(elem_classes="small-buttons"):
            self.open = gr.UploadButton(
                words("pad.open"), file_types=KINDS, size="sm", elem_id=f"{elem_id}-open"
            )
            self.clear = gr.Button(words("mask.remove"), size="sm", elem_id=f"{elem_id}-clear")
        self.opened = self.open.upload(self.opened_file, self.open, self.settable(), **PRIVATE)
        self.painted = self.pad.input(
            self.strokes, self.picture, self.mask, trigger_mode="always_last", **PRIVATE
        )
        self.clear.click(lambda: ("", "", ""), None, self.settable(), **QUICK)

    def _template(self) -> str:
        """The pad's own markup; the words of both languages travel with it, since Gradio translates no template."""
        said = {
            lang: {key: self.context.words.say(f"mask.{key}", lang) for key in WORDS} for lang in ("en", "zh")
        }
        buttons = "".join(f'<button type="button" data-tool="{tool}"></button>' for tool in TOOLS)
        return (
            f'<div class="mask-pad" data-words="{escape(json.dumps(said, ensure_ascii=False))}">'
            '<button type="button" class="drop"></button>'
            '<div class="stack"><img alt=""><canvas tabindex="0" role="img"></canvas></div>'
            f'<div class="tools">{buttons}<label><span></span>'
            '<input type="range" min="2" max="40" value="12"></label></div></div>'
        )

    def settable(self) -> list[Any]:
        """The components that `put` updates."""
        return [self.picture, self.mask, self.pad]

    def put(self, path: str | Path) -> dict[Any, Any]:
        """Updates that lay a picture on the pad, without a mask; an InputError where the file is none."""
        picture = media.open_picture(path).convert("RGB")
        picture.thumbnail((SHOWN, SHOWN))
        address_of = data_uri if picture.width <= LARGE else jpeg_uri
        shown = address_of(np.asarray(picture), said=carried(path))
        mark = uuid4().hex[:6]  # the same picture laid again is news to the browser: its strokes have to go
        return {self.picture: str(path), self.mask: "", self.pad: f"{shown}#{mark}"}

    @polite
    def opened_file(self, path: str, visitor: gr.Request) -> dict[Any, Any]:
        """A file was chosen."""
        return self.put(path)

    @polite
    def strokes(self, picture: str, event: gr.EventData, visitor: gr.Request) -> str:
        """A stroke ended: keep the mask as a file of the picture's size, "" where nothing is painted."""
        mask = str(event_value(event, "mask") or "")
        if not mask or not picture:
            return ""
        data = png_of(mask, BROKEN)
        path = media.new_path(self.context.folder(visitor), "mask", ".png")
        path.write_bytes(data)
        size = media.open_picture(picture).size
        media.open_picture(path).convert("L").resize(size, Image.Resampling.BILINEAR).save(path)
        return str(path)
