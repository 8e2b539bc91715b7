"""Sentences in the corner of the page.

Gradio gathers messages of a kind in one box and takes the box away when the time of the first is over, with what came a
moment ago. So none has a time here; assets/app.js takes a box away once its last message has stood long enough to be read.
A sentence may quote what the visitor typed, and a toast shows HTML.
"""

from html import escape

import gradio as gr


def inform(words: str) -> None:
    """Say what was done."""
    gr.Info(escape(words), duration=None)


def warn(words: str) -> None:
    """Say what went wrong and the way out."""
    gr.Warning(escape(words), duration=None)


def refusal(words: str) -> gr.Error:
    """The error that a handler raises where its outputs must stay as they are."""
    return gr.Error(escape(words), duration=None, print_exception=False)
