"""One text with the odds of its tokens, and what else the model had in mind for a chosen one."""

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from aigc_demo.models.protocols import TokenChoice
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.events import QUICK, index_of
from aigc_demo.ui.page.language import Say
from aigc_demo.ui.text import odds

CHOOSE = """element.addEventListener('click', (event) => {
  const token = event.target.closest('[data-token]');
  if (!token) return;
  trigger('select', { sample: Number(token.closest('[data-sample]').dataset.sample), token: Number(token.dataset.token) });
});"""


class TokenView:
    """Components and handlers; the result that is shown has `tokens`."""

    def __init__(self, context: Context, elem_id: str, empty: Any) -> None:
        self.context = context
        self.text = gr.HTML(empty, js_on_load=CHOOSE, elem_id=f"{elem_id}-tokens")
        self.odds = gr.HTML(
            "", js_on_load="element.setAttribute('aria-live', 'polite')", elem_id=f"{elem_id}-odds"
        )

    def connect(self, result: gr.State) -> None:
        """A token can be chosen."""
        self.text.select(self.pick_token, result, self.odds, trigger_mode="always_last", **QUICK)

    def outputs(self) -> list[Any]:
        """The components that `show` and `clear` update."""
        return [self.text, self.odds]

    def show(self, tokens: Sequence[TokenChoice], say: Say) -> dict[Any, Any]:
        """Updates for a new text; no token is chosen yet."""
        hint = f'<p class="note choose">{escape(say("text.choose"))}</p>'
        return {self.text: odds.prose(tokens, say), self.odds: hint}

    def clear(self, words: str) -> dict[Any, Any]:
        """Updates that show `words` in place of a text."""
        return {self.text: words, self.odds: ""}

    def pick_token(self, result: Any, event: gr.EventData, visitor: gr.Request) -> Any:
        """A token was chosen: show what else the model had in mind."""
        if result is None or not result.tokens:
            return gr.skip()
        place = max(0, min(index_of(event, "token"), len(result.tokens) - 1))
        return odds.alternatives(result.tokens, place, self.context.translator(visitor))
