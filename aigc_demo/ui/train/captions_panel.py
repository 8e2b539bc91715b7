"""The captions of an own set of pictures: a table of pictures and words that is edited and saved as a whole."""

import base64
import io
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from aigc_demo.data.imports import Manifest, read_captions, write_captions
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE

MOST = 200  # pictures that are captioned by hand
THUMB = 72  # pixels
SPLITS = ("train", "test")


class CaptionPanel:
    """Components and handlers; shown for own sets of at most MOST pictures."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @property
    def own_dir(self) -> Path:
        """Where the sets are that whoever asks has brought."""
        return self.context.settings.own_data_dir

    def build(self) -> None:
        """Under the look at the set."""
        words = self.context.words
        with gr.Accordion(
            words("train.captions"), open=False, visible=False, elem_id="train-captions"
        ) as self.fold:
            gr.Markdown(words("train.captions_help"), elem_classes="note")
            self.table = gr.Dataframe(
                headers=list("#12"),  # in the visitor's language once they are shown
                datatype=["number", "html", "str"],
                static_columns=[0, 1],
                column_widths=["56px", "100px", "auto"],
                interactive=True,
                wrap=True,
                type="array",
                elem_id="train-captions-table",
            )
            self.save = gr.Button(words("train.captions_save"), size="sm", elem_id="train-captions-save")
            self.said = gr.HTML("", elem_id="train-captions-said")

    def seen(self) -> list[Any]:
        """The components that `show` updates."""
        return [self.fold, self.table, self.said]

    def connect(self, choice: gr.Dropdown) -> None:
        """Saving goes to the chosen set."""
        self.save.click(self.keep, [choice, self.table], self.said, **PRIVATE)

    def show(self, manifest: Manifest | None, lang: str) -> dict[Any, Any]:
        """Updates that show the captions of a set; hidden where it has none to give."""
        say = self.context.words.say
        headers = ["#", say("train.captions_picture", lang), say("train.captions_text", lang)]
        suits = manifest is not None and manifest.kind == "pictures"
        suits = suits and sum(manifest.counts[split] for split in SPLITS) <= MOST
        rows = self.rows(manifest.name) if suits else []
        return {
            self.fold: gr.update(visible=suits),
            self.table: gr.update(value=rows, headers=headers),
            self.said: "",
        }

    def rows(self, name: str) -> list[list[Any]]:
        """Number, thumbnail and caption of each picture, those to learn from first."""
        from safetensors import safe_open

        captions = read_captions(name, self.own_dir)
        with safe_open(self.own_dir / name / "images.safetensors", "numpy") as arrays:
            pictures = [picture for split in SPLITS for picture in arrays.get_tensor(f"{split}_images")]
        texts = [text for split in SPLITS for text in captions[split]]
        return [
            [number, thumbnail(picture), text]
            for number, (picture, text) in enumerate(zip(pictures, texts, strict=True), 1)
        ]

    @polite
    def keep(self, name: str | None, table: list[list[Any]], visitor: gr.Request) -> str:
        """Write the table's captions, whatever order its rows have been put in."""
        before = read_captions(name, self.own_dir)
        by_number = {int(row[0]): row[2] for row in table if len(row) > 2 and str(row[0]).isdecimal()}
        texts = [by_number.get(number, "") for number in range(1, 1 + sum(map(len, before.values())))]
        cut = len(before["train"])
        count = write_captions(name, self.own_dir, {"train": texts[:cut], "test": texts[cut:]})
        said = self.context.words.say("train.captions_saved", self.context.lang(visitor), count=count)
        return f'<p class="note" role="status">{escape(said)}</p>'


def thumbnail(picture: np.ndarray) -> str:
    """A picture (H, W[, 3]) uint8 as a small image in HTML."""
    from PIL import Image

    small, file = Image.fromarray(picture), io.BytesIO()
    small.thumbnail((THUMB, THUMB))
    small.save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    return f'<img src="data:image/png;base64,{data}" alt="" width="{small.width}" height="{small.height}">'
