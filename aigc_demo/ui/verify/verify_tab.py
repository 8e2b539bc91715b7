"""The Verify tab: any file or pasted text, and all that it shows about its making, each layer by itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from aigc_demo.actions.verify import Layers, check_file, check_text
from aigc_demo.core.errors import InputError
from aigc_demo.schemas import REQUESTS, VerifyRequest, check, fitting
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE
from aigc_demo.ui.page.generation_tab import PageTab
from aigc_demo.ui.verify.layers_view import layers_html


class VerifyTab(PageTab):
    """Components and handlers of the tab; `restore` brings the settings of what was looked at back to their tab."""

    task = "verify"

    def __init__(self, context: Context) -> None:
        self.context = context
        words = context.words
        with gr.Tab(words("tab.verify"), id=self.task, elem_id="tab-verify"), gr.Row(equal_height=False):
            with gr.Column(scale=1, min_width=300):
                gr.Markdown(words("verify.intro"), elem_classes="note")
                self.file = gr.File(
                    label=words("verify.file"), type="filepath", height=150, elem_id="verify-file"
                )
                self.text = gr.Textbox(
                    label=words("verify.text"), lines=6, max_lines=12, elem_id="verify-text"
                )
                self.go = gr.Button(words("action.verify"), variant="primary", elem_id="verify-go")
            with gr.Column(scale=2, min_width=320):
                self.recipe = gr.State(None)
                self.view = gr.HTML(pictures.empty(words("empty.verify")), elem_id="verify-view")
                with gr.Row(elem_classes="small-buttons"):
                    self.restore = gr.Button(
                        words("verify.restore"), size="sm", visible=False, elem_id="verify-restore"
                    )
                gr.Markdown(words("verify.limits"), elem_classes="note")
        shown = [self.view, self.recipe, self.restore]
        self.file.upload(self.check_dropped_file, self.file, shown, **PRIVATE)
        self.go.click(self.check_input, [self.file, self.text], shown, **PRIVATE)
        self.text.submit(self.check_input, [self.file, self.text], shown, **PRIVATE)

    def kept(self) -> dict[str, Any]:
        """The pasted text."""
        return {"text": self.text}

    def recall(self, values: Mapping[str, Any], lang: str) -> dict[Any, Any]:
        """Updates that put the text back, as far as it may be looked at."""
        return {self.text: fitting(VerifyRequest, values).text}

    @polite
    def check_dropped_file(self, path: str | None, visitor: gr.Request) -> dict[Any, Any]:
        """A file was dropped."""
        if not path:
            raise InputError(
                en="There is nothing to look at yet; drop a file or paste a text.",
                zh="还没有要检查的内容；请拖入文件或粘贴文字。",
            )
        return self.shown(check_file(Path(path), self.context.settings), visitor)

    @polite
    def check_input(self, path: str | None, text: str | None, visitor: gr.Request) -> dict[Any, Any]:
        """The button was pressed: the text counts, and the file where there is none."""
        asked = check(VerifyRequest, {"text": text or ""})
        if asked.text.strip():
            return self.shown(check_text(asked.text, self.context.settings), visitor)
        return self.check_dropped_file(path, visitor)

    def shown(self, found: Layers, visitor: gr.Request) -> dict[Any, Any]:
        """Updates that show what was found."""
        recipe = found.said.recipe if found.said.recipe and found.said.recipe.task in REQUESTS else None
        return {
            self.view: layers_html(found, self.context.words, self.context.lang(visitor)),
            self.recipe: recipe and (recipe.task, recipe.request),
            self.restore: gr.update(visible=recipe is not None),
        }
