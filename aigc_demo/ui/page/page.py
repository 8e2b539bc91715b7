"""The page as Gradio's Blocks, with the last word on what a handler is given and on how its refusal reaches a visitor."""

import logging
from html import escape
from typing import Any

import gradio as gr

from aigc_demo.core.errors import InputError
from aigc_demo.ui.page.language import language_of

log = logging.getLogger(__name__)
FORGED = (
    "This input does not fit; reload the page and try again, or read API.md. "
    "输入不符合要求；请刷新网页后重试，或查看 API.md。"
)


class Page(gr.Blocks):
    """Every handler is a private endpoint, too, which whoever can reach the page may call with anything.

    Gradio checks the values of its components, and would write what it refuses, and where, to the log. Here it becomes
    a sentence, and the log names the handler alone. A refusal of our own becomes a sentence even where the handler is
    not `polite`; what else goes wrong in a handler is a bug, and is logged as such.
    """

    async def preprocess_data(self, block_fn: Any, *arguments: Any, **options: Any) -> Any:
        """As Gradio does, with one sentence for all that its own page cannot have sent."""
        try:
            return await super().preprocess_data(block_fn, *arguments, **options)
        except Exception as error:
            log.warning("%s: refused input (%s)", block_fn.name, type(error).__name__)
            raise gr.Error(FORGED, print_exception=False) from error

    async def call_function(
        self,
        block_fn: Any,
        processed_input: list[Any],
        iterator: Any = None,
        requests: Any = None,
        *arguments: Any,
        **options: Any,
    ) -> Any:
        """As Gradio does, with an InputError as its sentence."""
        try:
            return await super().call_function(
                block_fn, processed_input, iterator, requests, *arguments, **options
            )
        except InputError as error:
            request = requests[0] if isinstance(requests, list) else requests
            raise gr.Error(escape(error.say(language_of(request))), print_exception=False) from error
