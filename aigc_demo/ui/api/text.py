"""The HTTP API of chat, translation and summaries: /chat and /rewrite."""

from collections import deque
from dataclasses import asdict

import gradio as gr

from aigc_demo import actions
from aigc_demo.core.words import Text
from aigc_demo.schemas import ChatRequest, RewriteRequest
from aigc_demo.ui.api.endpoints import endpoint, written
from aigc_demo.ui.page.context import Context


def add_endpoints(context: Context) -> None:
    """Add both; each answers when its text is whole, with the text and its labelled file."""

    def chat(request: ChatRequest) -> dict:
        result = deque(actions.chat(request, context.cache), maxlen=1).pop()
        return {
            "text": result.text,
            "ended": result.ended,
            "note": bilingual(result.note),
            "file": written(context, actions.write_chat, result),
        }

    def rewrite(request: RewriteRequest) -> dict:
        result = deque(actions.rewrite(request, context.cache), maxlen=1).pop()
        return {
            "text": result.text,
            "note": bilingual(result.note),
            "file": written(context, actions.write_rewrite, result),
        }

    for name, kind, verb in (("chat", ChatRequest, chat), ("rewrite", RewriteRequest, rewrite)):
        gr.api(
            endpoint(name, kind, verb), api_name=name, api_description=kind.__doc__, concurrency_id="device"
        )


def bilingual(note: Text | None) -> dict[str, str]:
    """A note in both languages; empty for none."""
    return asdict(note) if note else {}
