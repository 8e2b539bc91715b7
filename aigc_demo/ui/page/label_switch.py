"""What labels there are, and the switch of the visible one, at the foot of the page."""

import logging

import gradio as gr

from aigc_demo.ui.page.context import Context, polite

log = logging.getLogger(__name__)
PRIVATE = {"api_visibility": "private", "show_progress": "hidden", "queue": False}


class LabelSwitch:
    """A fold with the explanation and the switch. In public modes switching off hands the duty to label to the visitor."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def build(self, page: gr.Blocks) -> None:
        """Place and connect it."""
        words = self.context.words
        with gr.Accordion(words("labels.title"), open=False, elem_id="labels"):
            gr.Markdown(words("labels.what"), elem_classes="note")
            self.visible = gr.Checkbox(
                self.context.settings.rules.visible_label,
                label=words("labels.visible"),
                elem_id="labels-visible",
            )
            self.duty = gr.Markdown(
                words("labels.duty"), visible=False, elem_classes="note", elem_id="labels-duty"
            )
        page.load(self.chosen, None, [self.visible, self.duty], **PRIVATE)
        self.visible.input(self.choose, self.visible, self.duty, **PRIVATE)

    def chosen(self, visitor: gr.Request) -> tuple[bool, dict]:
        """What the visitor chose before, or the mode's."""
        visible = self.context.marking(visitor).visible
        return visible, self._duty(visible)

    @polite
    def choose(self, visible: bool, visitor: gr.Request) -> dict:
        """Keep the choice for this visitor's next files."""
        name = self.context.visitor_name(visitor)
        self.context.labels.choose(name, bool(visible))
        if self.context.settings.rules.visible_label:  # who runs a public page may have to show who waived it
            log.warning("visitor %s switched the visible label %s", name, "on" if visible else "off")
        return self._duty(bool(visible))

    def _duty(self, visible: bool) -> dict:
        return gr.update(visible=self.context.settings.rules.visible_label and not visible)
