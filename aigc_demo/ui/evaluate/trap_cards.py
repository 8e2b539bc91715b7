"""Figures that mislead, as cards: two sentences each, and a button that computes what they say."""

from html import escape
from typing import Any

import gradio as gr

from aigc_demo.actions.evaluate.traps import TRAPS, Trap, spring
from aigc_demo.schemas import fitting
from aigc_demo.schemas.evaluate import EvaluateRequest
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import COMPUTES


class TrapCards:
    """Components and handlers."""

    def __init__(self, context: Context) -> None:
        self.context, self.cards = context, {}
        words = context.words
        with gr.Accordion(words("evaluate.traps"), open=False, elem_id="evaluate-traps"):
            gr.Markdown(words("evaluate.traps_help"), elem_classes="note")
            for name in TRAPS:
                with gr.Group(elem_classes="trap"):
                    gr.Markdown(words(f"trap.{name}"))
                    button = gr.Button(words("evaluate.compute"), size="sm", elem_id=f"evaluate-trap-{name}")
                    self.cards[name] = button, gr.HTML("", elem_id=f"evaluate-trap-{name}-view")

    def connect(self, model: gr.Dropdown, data: gr.Dropdown) -> None:
        """Each button computes its own card, on the chosen model where that can be."""
        for name, (button, view) in self.cards.items():
            button.click(self.springing(name), [model, data], view, **COMPUTES)

    def springing(self, name: str) -> Any:
        """A handler that computes a card."""

        def compute(model: str | None, data: str | None, visitor: gr.Request) -> Any:
            return self.compute(name, model, data, visitor)

        return compute

    @polite
    def compute(self, name: str, model: str | None, data: str | None, visitor: gr.Request) -> str:
        """What comes out, as a table."""
        asked = fitting(EvaluateRequest, {"model": model or "", "data": data or ""})
        stop = self.context.begin(visitor, f"trap-{name}")
        return stop.newest(
            trap_html(spring(name, asked, self.context.cache, stop), self.context.lang(visitor))
        )


def trap_html(trap: Trap, lang: str) -> str:
    """The misleading figure beside the right one."""
    rows = "".join(
        f'<tr><th scope="row">{escape(row.name.say(lang))}</th><td class="wrong">{escape(row.wrong)}</td>'
        f'<td class="right">{escape(row.right)}</td></tr>'
        for row in trap.rows
    )
    heads = f"<td></td><th scope='col'>{escape(trap.wrong.say(lang))}</th><th scope='col'>{escape(trap.right.say(lang))}</th>"
    return f'<table class="trapped"><caption>{escape(trap.on.say(lang))}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
