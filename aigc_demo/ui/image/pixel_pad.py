"""A pad of as many pixels as the model draws: what is painted there, roughly and in colour, is what it starts from."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

import gradio as gr

from aigc_demo import media
from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard
from aigc_demo.ui.image.mask_pad import MaskPad
from aigc_demo.ui.image.vocabulary import is_own
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.draw_pad import png_of
from aigc_demo.ui.page.events import PRIVATE
from aigc_demo.ui.page.gradio_gaps import event_value
from aigc_demo.ui.page.theme import asset

WORDS = ("name", "colour", "size", "ground", "undo", "clear")
# Skin, hair, cloth and metal as pixel artists mix them.
COLOURS: Mapping[str, Text] = {
    "#e8b796": Text("skin", "肤色"),
    "#8a4836": Text("brown", "棕色"),
    "#be2633": Text("red", "红色"),
    "#e86a17": Text("orange", "橙色"),
    "#f7d23e": Text("yellow", "黄色"),
    "#44891a": Text("green", "绿色"),
    "#31a2f2": Text("light blue", "浅蓝"),
    "#005784": Text("dark blue", "深蓝"),
    "#7d3c98": Text("purple", "紫色"),
    "#ffffff": Text("white", "白色"),
    "#9d9d9d": Text("grey", "灰色"),
    "#1b1b22": Text("black", "黑色"),
}
BROKEN = Text(
    "The painting did not arrive whole; undo the last stroke and paint it again.",
    "画没有完整送达；请撤销最后一笔后重画。",
)


class PixelPad:
    """The pad. What is painted lies on `pad`, the picture to start from, as soon as a stroke ends; then `painted` comes."""

    def __init__(self, context: Context, pad: MaskPad, card: ModelCard, elem_id: str) -> None:
        self.context, self.pad = context, pad
        self.paper = gr.HTML(
            value_for(card),
            html_template=self._template(),
            js_on_load=asset("pixel_pad.js"),
            elem_id=elem_id,
        )
        self.painted = self.paper.input(
            self.keep, None, pad.settable(), trigger_mode="always_last", **PRIVATE
        )

    def _template(self) -> str:
        """The pad's own markup; the words of both languages travel with it, since Gradio translates no template."""
        say = self.context.words.say
        said = {
            lang: {
                **{key: say(f"pixels.{key}", lang) for key in WORDS},
                "inks": [name.say(lang) for name in COLOURS.values()],
            }
            for lang in ("en", "zh")
        }
        colours = "".join(
            f'<button type="button" data-colour="{colour}" style="--ink:{colour}"></button>'
            for colour in COLOURS
        )
        tools = "".join(f'<button type="button" data-tool="{tool}"></button>' for tool in WORDS[3:])
        return (
            f'<div class="pixel-pad" data-words="{escape(json.dumps(said, ensure_ascii=False))}">'
            f'<div class="paper"><canvas tabindex="0" role="img"></canvas></div><div class="inks">{colours}</div>'
            f'<div class="tools">{tools}<label class="any"><span></span><input type="color" value="#c0a060"></label>'
            '<label class="brush"><span></span><input type="range" min="1" max="8" value="2"></label></div></div>'
        )

    def for_model(self, card: ModelCard) -> dict[Any, Any]:
        """Updates for another model."""
        return {self.paper: value_for(card)}

    @polite
    def keep(self, event: gr.EventData, visitor: gr.Request) -> dict[Any, Any]:
        """A stroke ended: the painting is the picture to start from."""
        data = png_of(str(event_value(event, "picture") or ""), BROKEN)
        path = media.new_path(self.context.folder(visitor), "painting", ".png")
        path.write_bytes(data)
        return self.pad.put(path)


def value_for(card: ModelCard) -> str:
    """What the browser has to know of a model: its side and its ground; nothing where it draws large pictures."""
    if not card.id or not is_own(card) or "redraw" not in card.tasks:
        return ""
    try:
        config = json.loads((card.folder / "config.json").read_text(encoding="utf-8"))
        side, ground = int(config.get("network", config)["side"]), config.get("ground") or (255, 255, 255)
        return json.dumps({"side": side, "ground": "#" + bytes(ground).hex()}) if 8 <= side <= 128 else ""
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # of a folder that somebody brought
        return ""
