"""Events of the page: how handlers that are no part of the API are connected, and which of several things was picked."""

import gradio as gr

from aigc_demo.ui.page.gradio_gaps import event_value

# Of an event whose handler answers this page alone, and says itself how far it is.
PRIVATE = {"api_visibility": "private", "show_progress": "hidden"}
# The same, of what a reader asks of a model: a second click starts anew, and the first run sees its stop flag.
COMPUTES = {**PRIVATE, "concurrency_id": "device", "trigger_mode": "multiple"}
QUICK = {**PRIVATE, "queue": False}  # the same, of a handler that waits for nothing


def index_of(event: gr.EventData, key: str = "index") -> int:
    """Which of several was picked, or of which message a part; -1 where that is no number."""
    index = event_value(event, key)
    index = index[0] if isinstance(index, list) and index else index
    return int(index) if str(index).isascii() and str(index).isdigit() and len(str(index)) < 10 else -1
