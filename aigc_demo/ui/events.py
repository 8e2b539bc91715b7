"""What the browser tells with an event, read so that a forged event tells nothing instead of failing."""

from typing import Any

import gradio as gr


def told(event: gr.EventData, key: str) -> Any:
    """The value under `key`; None where there is none."""
    return event._data.get(key) if isinstance(event._data, dict) else None


def index_of(event: gr.EventData) -> int:
    """Which of several was picked, or of which message a part; -1 where that is no number."""
    index = told(event, "index")
    index = index[0] if isinstance(index, list) and index else index
    return int(index) if str(index).isascii() and str(index).isdigit() and len(str(index)) < 10 else -1
