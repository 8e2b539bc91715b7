"""One text with the odds of its tokens, and what else the model had in mind for a chosen one."""

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from aigc_demo.models.family import runs_here
from aigc_demo.models.protocols import TokenChoice
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.events import QUICK, index_of
from aigc_demo.ui.page.language import Say
from aigc_demo.ui.text import odds
from aigc_demo.ui.text.alternatives import GO_ON, alternatives

CHOOSE = """element.addEventListener('click', (event) => {
  const token = event.target.closest('[data-token]');
  if (!token) return;
  trigger('select', { sample: Number(token.closest('[data-sample]').dataset.sample), token: Number(token.dataset.token) });
});
watch('value', () => requestAnimationFrame(() => aigcTokens.switches(element)));"""


class TokenView:
    """Components and handlers; the result that is shown has `tokens`."""

    def __init__(
        self, context: Context, elem_id: str, empty: Any, goes_on: bool = False, switched: bool = True
    ) -> None:
        """goes_on: the tab takes the text up from another token, on the event `select` of `odds`. switched: see odds.prose."""
        self.context, self.goes_on, self.switched = context, goes_on, switched
        self.text = gr.HTML(empty, js_on_load=CHOOSE, elem_id=f"{elem_id}-tokens")
        self.odds = gr.HTML("", js_on_load=GO_ON, elem_id=f"{elem_id}-odds")

    def connect(self, result: gr.State) -> None:
        """A token can be chosen."""
        self.text.select(self.pick_token, result, self.odds, trigger_mode="always_last", **QUICK)

    def outputs(self) -> list[Any]:
        """The components that `show` and `clear` update."""
        return [self.text, self.odds]

    def show(self, tokens: Sequence[TokenChoice], say: Say, beginning: str = "") -> dict[Any, Any]:
        """Updates for a new text, which goes on from `beginning`; no token is chosen yet."""
        hint = f'<p class="note choose">{escape(say("text.choose"))}</p>'
        return {self.text: odds.prose(tokens, say, beginning, self.switched), self.odds: hint}

    def clear(self, words: str) -> dict[Any, Any]:
        """Updates that show `words` in place of a text."""
        return {self.text: words, self.odds: ""}

    def pick_token(self, result: Any, event: gr.EventData, visitor: gr.Request) -> Any:
        """A token was chosen: show what else the model had in mind."""
        if result is None or not result.tokens:
            return gr.skip()
        place = max(0, min(index_of(event, "token"), len(result.tokens) - 1))
        goes_on = self.goes_on and runs_here(result.card.family)
        say = self.context.translator(visitor)
        return alternatives(result.tokens, place, say, asked=result.request, goes_on=goes_on)
