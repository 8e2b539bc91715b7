"""What a visitor of a public page is told of the keeping of their data, and the button that deletes all of it now."""

from html import escape
from typing import Any

import gradio as gr

from aigc_demo.core.errors import InputError
from aigc_demo.ui.page.context import Context

# The page begins anew: what it shows, and Gradio's session with the history of results, is the visitor's data, too.
BEGIN_ANEW = "() => { localStorage.removeItem('aigc_job'); location.assign(location.pathname) }"


class OwnData:
    """A line and two buttons, of which the second asks once more. On one's own machine there is neither."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def build(self) -> None:
        """Place them at the foot of the page."""
        seconds = self.context.settings.rules.retention_seconds
        if seconds is None:
            return
        words = self.context.words
        said = (words.say("own.kept", lang, minutes=round(seconds / 60)) for lang in ("en", "zh"))
        gr.Markdown(words.both(*said), elem_classes="note", elem_id="own-kept")
        with gr.Row(elem_classes="small-buttons chips"):
            ask = gr.Button(words("own.delete"), size="sm", elem_id="own-delete")
            really = gr.Button(
                words("own.really"), size="sm", variant="stop", visible=False, elem_id="own-really"
            )
        private = {"api_visibility": "private", "show_progress": "hidden"}
        ask.click(lambda: gr.update(visible=True), None, really, queue=False, **private)
        gone = really.click(self.delete, None, really, **private)
        gone.success(None, None, None, js=BEGIN_ANEW)

    def delete(self, request: gr.Request) -> Any:
        """End what goes on for the visitor and delete all that is theirs; a sentence where a run does not end."""
        self.context.stops.stop(request.session_hash or "")
        try:
            self.context.visitors.forget(self.context.visitor(request))
        except InputError as error:
            raise gr.Error(escape(error.say(self.context.lang(request))), print_exception=False) from error
        self.context.labels.forget(self.context.visitor(request))
        self.context.sessions.forget(request.session_hash or "")
        return gr.update(visible=False)
