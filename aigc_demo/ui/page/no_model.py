"""What stands under an empty model picker: what to do about it, and the way to the Models tab."""

from typing import Any

import gradio as gr

from aigc_demo.runtime.registry import cards_for
from aigc_demo.ui.page.context import Context


class NoModel:
    """The notice of a tab whose `task` no model serves yet. The shell connects `button`, and hides it without such a tab."""

    def __init__(self, context: Context, task: str, elem_id: str) -> None:
        words = context.words
        with gr.Column(visible=not cards_for(task, context.settings), elem_id=elem_id) as self.group:
            gr.Markdown(words(f"no_model.{task}"), elem_classes="note")
            with gr.Row(elem_classes="small-buttons"):
                self.button = gr.Button(words("no_model.open"), size="sm", elem_id=f"{elem_id}-open")

    def show(self, wanted: bool) -> dict[Any, Any]:
        """An update that shows the notice, or hides it once there is a model."""
        return {self.group: gr.update(visible=wanted)}
