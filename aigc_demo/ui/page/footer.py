"""The foot of the page: labels, what is kept of a visitor of a public page, the guide of the API and the handbook."""

import logging
from typing import Any

import gradio as gr

from aigc_demo.core.errors import InputError
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE, QUICK
from aigc_demo.ui.page.toasts import refusal

log = logging.getLogger(__name__)
BEGIN_ANEW = "() => aigcKeep.forget()"  # what the page shows is the visitor's data, too


def build_footer(context: Context, page: gr.Blocks) -> None:
    """Place and connect it all."""
    LabelSwitch(context).build(page)
    OwnData(context).build()
    if "api" in context.settings.rules.footer_links:
        links = (f"[{context.words.say('api.guide', lang)}](API.md)" for lang in ("en", "zh"))
        gr.Markdown(context.words.both(*links), elem_id="api-guide", elem_classes="note")
    links = (handbook_links(context, lang) for lang in ("en", "zh"))
    gr.HTML(context.words.both(*links), elem_id="handbook", elem_classes="note")


def handbook_links(context: Context, lang: str) -> str:
    """The pages of the handbook in the order of the words for them, each in a tab of its own."""
    words = context.words.tables[lang]
    pages = [key.removeprefix("handbook.") for key in words if key.startswith("handbook.")]
    links = (
        f'<a href="docs/{page}.md" target="_blank" rel="noopener">{words[f"handbook.{page}"]}</a>'
        for page in pages
    )
    return f"{words['foot.handbook']} {' · '.join(links)}"


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
        page.load(self.chosen, None, [self.visible, self.duty], **QUICK)
        self.visible.input(self.switch_labels, self.visible, self.duty, **QUICK)

    def chosen(self, visitor: gr.Request) -> tuple[bool, dict]:
        """What the visitor chose before, or the mode's."""
        visible = self.context.marking(visitor).visible
        return visible, self._duty(visible)

    @polite
    def switch_labels(self, visible: bool, visitor: gr.Request) -> dict:
        """Keep the choice for this visitor's next files."""
        name = self.context.visitor_name(visitor)
        self.context.labels.choose(name, bool(visible))
        self.context.recent.forget(name)  # its files have the label as it was
        if self.context.settings.rules.visible_label:  # who runs a public page may have to show who waived it
            log.warning("visitor %s switched the visible label %s", name, "on" if visible else "off")
        return self._duty(bool(visible))

    def _duty(self, visible: bool) -> dict:
        return gr.update(visible=self.context.settings.rules.visible_label and not visible)


class OwnData:
    """What is kept of the visitor and where, and two buttons, of which the second asks once more.

    The browser keeps what the page shows. On one's own machine that is all: the files and runs there are one's own.
    """

    def __init__(self, context: Context) -> None:
        self.context = context

    def build(self) -> None:
        """Place them at the foot of the page."""
        words, seconds = self.context.words, self.context.settings.rules.retention_seconds
        minutes = round((seconds or 0) / 60)
        said = [
            (words.say("own.kept", lang, minutes=minutes) + " " if minutes else "")
            + words.say("own.browser", lang)
            for lang in ("en", "zh")
        ]
        gr.Markdown(words.both(*said), elem_classes="note", elem_id="own-kept")
        with gr.Row(elem_classes="small-buttons chips"):
            ask = gr.Button(words("own.delete" if minutes else "own.forget"), size="sm", elem_id="own-delete")
            confirm_delete = gr.Button(
                words("own.really" if minutes else "own.forget_really"),
                size="sm",
                variant="stop",
                visible=False,
                elem_id="own-really",
            )
        ask.click(lambda: gr.update(visible=True), None, confirm_delete, **QUICK)
        if not minutes:
            confirm_delete.click(None, None, None, js=BEGIN_ANEW)
            return
        gone = confirm_delete.click(self.delete, None, confirm_delete, **PRIVATE)
        gone.success(None, None, None, js=BEGIN_ANEW)

    def delete(self, visitor: gr.Request) -> Any:
        """End what goes on for the visitor and delete all that is theirs; a sentence where a run does not end."""
        self.context.stop(visitor)
        try:
            self.context.visitors.forget(self.context.visitor_name(visitor))
        except InputError as error:
            raise refusal(error.say(self.context.lang(visitor))) from error
        self.context.labels.forget(self.context.visitor_name(visitor))
        self.context.recent.forget(self.context.visitor_name(visitor))
        self.context.sessions.forget(visitor.session_hash or "")
        return gr.update(visible=False)
