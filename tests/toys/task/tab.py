"""The tab of the toy task."""

from typing import Any

import gradio as gr
from aigc_demo.schemas.mirror import MirrorRequest

from aigc_demo.actions import MirrorResult, mirror
from aigc_demo.schemas import check
from aigc_demo.ui.page.context import polite
from aigc_demo.ui.page.generation_tab import GenerationTab
from aigc_demo.ui.page.panels import CodePanel, Memory
from aigc_demo.ui.page.widgets import chosen_model, model_picker


class MirrorTab(GenerationTab):
    """Components and handlers."""

    task = "mirror"
    title = "tab.mirror"
    request_type = MirrorRequest

    def _build_ask(self) -> None:
        picker, self.card_lines = model_picker(self.context, "image", "vae-digits", "mirror-model")
        self.fields = {"model": picker, "seed": self._field("seed", value=0), "gap": self._field("gap")}
        self.go = gr.Button(self.context.words("action.mirror"), elem_id="mirror-go")

    def _build_see(self) -> None:
        self.result = gr.State(None)

    def _build_look(self) -> None:
        self.code = CodePanel.build(self.context, "mirror-code")

    def _connect(self) -> None:
        shown = [self.result, *vars(self.code).values()]
        self.ran = self.go.click(self.run, set(self.fields.values()), shown, api_visibility="private")

    def settable(self) -> list[Any]:
        """What `show` sets."""
        return list(self.fields.values())

    def show(self, request: MirrorRequest, lang: str) -> dict[Any, Any]:
        """A request's settings in the widgets."""
        updates = {part: gr.update(value=getattr(request, name)) for name, part in self.fields.items()}
        return updates | {self.fields["model"]: chosen_model(self.context, "image", request.model, lang)}

    @polite
    def run(self, values: dict[Any, Any], visitor: gr.Request) -> dict[Any, Any]:
        """Make it."""
        asked = check(MirrorRequest, {name: values[part] for name, part in self.fields.items()})
        result = mirror(asked, self.context.cache, self.context.begin(visitor, self.task))
        return {self.result: result, **self.code.show(asked, visitor)}

    def memory(self, result: MirrorResult, lang: str) -> Memory:
        """For the history."""
        return Memory(result.request, result.card.id, words=self.task)
