"""A pad to draw a digit on, and what an autoencoder makes of it while one draws; until then a recorded stroke moves."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import gradio as gr
import numpy as np
from PIL import Image, ImageDraw

from aigc_demo import media
from aigc_demo.actions import reconstruct
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import ReconstructRequest, Request, check
from aigc_demo.ui.opening.exhibit import Exhibit, made_by
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.draw_pad import BROKEN, keep, png_of
from aigc_demo.ui.page.live import LIVE, Newest
from aigc_demo.ui.page.pictures import data_uri, place
from aigc_demo.ui.page.theme import asset

SIDE, WIDTH = 280, 20  # pixels of the pad, and of the line that draw_pad.js draws
FRAMES = 32
# A 3 in one line: centres and radii of two bows, and the angles between which each is drawn, in degrees.
BOWS = (((136, 92), (58, 48), -150, 90), ((136, 192), (66, 54), -90, 150))
Point = tuple[float, float]


class Draw(Exhibit):
    """Recorded as the stroke and, in one picture, what the model made of it as it grew."""

    name = "draw"
    task = "reconstruct"
    asked: ClassVar[Mapping[str, Request]] = dict.fromkeys(
        ("en", "zh"), ReconstructRequest(model="vae-digits", image="stroke.png", neighbours=1)
    )

    def record(self, cache: ModelCache, lang: str) -> Mapping[str, bytes]:
        """The stroke, and the reconstructions of its beginnings side by side."""
        request, points = self.asked[lang], stroke()
        with TemporaryDirectory() as folder:
            seen = [
                reconstruct(
                    request.model_copy(update={"image": str(drawn(points[: end + 1], Path(folder)))}), cache
                )
                for end in np.linspace(0, len(points) - 1, FRAMES).round().astype(int)
            ]
        row = np.concatenate([one.reconstruction for one in seen], axis=1)
        said = made_by(request, cache.settings)
        return {
            "stroke.json": json.dumps(points).encode(),
            "seen.png": media.encode(Image.fromarray(row), ".png", said, optimize=True),
        }

    def build(self, context: Context) -> None:
        """Place the pad, and connect it: what is drawn is answered while the hand moves."""
        self.context = context
        super().build(context)
        self.path = gr.State("")
        self.drawing = Newest(
            self.element.input,
            f"document.querySelector('#exhibit-{self.name} canvas').toDataURL('image/png')",
        )
        self.drawing.came(self.follow, [self.path, self.drawing.box], [self.path, self.element], **LIVE)

    def stage(self, context: Context) -> gr.HTML:
        """The pad, and beside it the picture that follows."""
        say = context.words.say
        names = {
            key: " ".join(f'data-{lang}="{say(key, lang)}"' for lang in self.asked)
            for key in ("pad.name", "start.draw.clear", "start.draw.seen")
        }
        return gr.HTML(
            None,
            html_template=f'<div class="follow" data-stroke="{self.address("stroke.json")}" '
            f'data-seen="{self.address("seen.png")}" data-frames="{FRAMES}">'
            f'<canvas width="{SIDE}" height="{SIDE}" tabindex="0" role="img" {names["pad.name"]} data-opening="[]"></canvas>'
            f'<div class="pixels" role="img" style="{place(0, FRAMES)}" {names["start.draw.seen"]}></div>'
            f'<button type="button" class="wipe" {names["start.draw.clear"]}></button></div>',
            js_on_load=asset("draw_pad.js") + self.script(),
            elem_classes="draw-pad",
        )

    @polite
    def follow(self, before: str, drawing: str, visitor: gr.Request) -> Any:
        """The hand moved: the drawing as a file, in place of the one before, and what the model makes of it."""
        context = self.context
        path = keep(png_of(drawing, BROKEN), before, context.folder(visitor))
        request = self.asked[context.lang(visitor)].model_copy(update={"image": path})
        result = reconstruct(
            check(ReconstructRequest, request.model_dump()),
            context.cache,
            context.begin(visitor, "start-draw"),
        )
        return path, {"seen": data_uri(result.reconstruction)}

    def brings(self) -> set[Any]:
        """The drawing as it is now, whatever of it has been answered."""
        return {self.drawing.box}

    def takes(self, tab: Any) -> list[Any]:
        """The tab's pad."""
        return [tab.pad.path, tab.pad.pad]

    def carry_on(self, tab: Any, folder: Path, values: Mapping[Any, Any]) -> Mapping[Any, Any]:
        """The visitor's drawing on that pad, in a file of its own; the recorded one where there is none."""
        drawing = values[self.drawing.box]
        path = keep(png_of(drawing, BROKEN), "", folder) if drawing else drawn(stroke(), folder)
        shown = np.asarray(media.open_picture(path).convert("L"))
        return {tab.pad.path: str(path), tab.pad.pad: data_uri(shown)}


def stroke() -> list[Point]:
    """The recorded stroke as points on the pad, in pixels."""
    return [point for bow in BOWS for point in arc(*bow)]


def arc(middle: Point, radii: Point, start: float, end: float) -> Iterator[Point]:
    """Points along a part of an ellipse, about 4 degrees apart."""
    for angle in np.radians(np.linspace(start, end, round(abs(end - start) / 4))):
        yield tuple(
            round(float(m + r * f), 1)
            for m, r, f in zip(middle, radii, (np.cos(angle), np.sin(angle)), strict=True)
        )


def drawn(points: Sequence[Point], folder: Path) -> Path:
    """A file of what the pad shows after a stroke through `points`: a round black line on white."""
    picture = Image.new("L", (SIDE, SIDE), 255)
    pen = ImageDraw.Draw(picture)
    pen.line([*points, points[-1]], fill=0, width=WIDTH, joint="curve")
    for x, y in points:
        pen.circle((x, y), WIDTH / 2, fill=0)
    path = media.new_path(folder, "drawing", ".png")
    picture.save(path)
    return path
