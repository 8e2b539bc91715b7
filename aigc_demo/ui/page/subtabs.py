"""A tab that holds several ways of working with one kind of thing: write, chat and translate under Text."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from aigc_demo.ui.page.context import Context


class SubtabPage:
    """One tab of the page; each of `kinds` builds a tab inside it, and is one of the shell's tabs like any other."""

    def __init__(self, context: Context, name: str, kinds: Sequence[type]) -> None:
        with (
            gr.Tab(context.words(f"tab.{name}"), id=name, elem_id=f"tab-{name}"),
            gr.Tabs(elem_id=f"{name}-modes", elem_classes="modes") as self.subtabs,
        ):
            self.inner = [kind(context) for kind in kinds]
        self.name = name

    def open(self, task: str) -> dict[Any, Any]:
        """Updates that show the way of working called `task`."""
        return {self.subtabs: gr.update(selected=task)}
