"""What the browser tells with an event, read so that a forged event tells nothing instead of failing."""

from typing import Any

import gradio as gr


def event_value(event: gr.EventData, key: str) -> Any:
    """The value under `key`; None where there is none."""
    try:
        return getattr(event, key, None)
    except TypeError:  # what was told is no object
        return None


def index_of(event: gr.EventData, key: str = "index") -> int:
    """Which of several was picked, or of which message a part; -1 where that is no number."""
    index = event_value(event, key)
    index = index[0] if isinstance(index, list) and index else index
    return int(index) if str(index).isascii() and str(index).isdigit() and len(str(index)) < 10 else -1
