"""Look inside a text: which of its tokens the installation's key colours green, and whether chance explains how many.

Every text can be looked at, marked or not: a plain one shows what chance gives (provenance/watermark/text.py has the mathematics).
"""

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from aigc_demo.actions import ChatResult, TextResult, text_mark
from aigc_demo.models.family import markable
from aigc_demo.models.protocols import TokenChoice
from aigc_demo.provenance.watermark.text import TextMark
from aigc_demo.schemas import Request
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.language import Say
from aigc_demo.ui.page.widgets import field
from aigc_demo.ui.text.attention import tokens_of


def watermark_field(context: Context, task: str, request_type: type[Request]) -> Any:
    """The watermark's switch; on, and out of reach, where the mode marks every text."""
    forced = context.settings.rules.text_mark
    return field(
        context, task, request_type, "watermark", value=forced, interactive=False if forced else None
    )


class WatermarkPanel:
    """The panel's components."""

    def __init__(self, context: Context, task: str) -> None:
        self.context = context
        words = context.words
        with gr.Accordion(words("mark.title"), open=False, elem_id=f"{task}-mark"):
            self.view = gr.HTML(words("mark.empty"), elem_id=f"{task}-mark-view")

    def outputs(self) -> list[Any]:
        """The components that `show` and `clear` update."""
        return [self.view]

    def show(self, result: TextResult | ChatResult, say: Say) -> dict[Any, Any]:
        """Updates for a new text."""
        if not markable(result.card.family):
            return {self.view: f'<p class="note">{escape(say("mark.remote"))}</p>'}
        return {self.view: coloured(tokens_of(result), text_mark(self.context.settings), say)}

    def clear(self, say: Say) -> dict[Any, Any]:
        """Updates for no text."""
        return {self.view: escape(say("mark.empty"))}


def coloured(texts: Sequence[Sequence[TokenChoice]], mark: TextMark, say: Say) -> str:
    """Each text's green and red tokens under its finding, and what the colours mean."""
    cells = "".join(
        f"<article>{_finding(text, mark, say)}<p>{_tokens(text, mark)}</p></article>" for text in texts
    )
    legend = "".join(
        f'<span class="{name}">{escape(say(f"mark.{name}"))}</span>' for name in ("green", "red")
    )
    return f'<div class="texts prose marked">{cells}</div><p class="legend marked">{legend}</p>'


def _finding(text: Sequence[TokenChoice], mark: TextMark, say: Say) -> str:
    found = mark.detect([token.id for token in text])
    words = say(
        "mark.finding",
        green=found.green,
        tokens=found.tokens,
        chance=f"{mark.gamma * found.tokens:.0f}",
        z=f"{found.z:.1f}",
        p=f"{found.p:.1g}",
        verdict=say("mark.found" if found.found else "mark.not_found"),
    )
    return f'<p class="note">{escape(words)}</p>'


def _tokens(text: Sequence[TokenChoice], mark: TextMark) -> str:
    names = {True: "green", False: "red", None: "given"}
    colours = mark.colours([token.id for token in text])
    return "".join(
        f'<span class="{names[colour]}">{escape(token.text)}</span>'
        for token, colour in zip(text, colours, strict=True)
    )
