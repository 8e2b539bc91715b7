"""Below a model's card: a closer look at it, which counts classes and looks for copies of what it was trained on."""

from collections.abc import Iterator
from html import escape
from typing import Any

import gradio as gr

from aigc_demo.actions.audit import AuditRequest, can_audit, hub_page, look_closer
from aigc_demo.core.errors import Stopped
from aigc_demo.runtime.registry import all_cards
from aigc_demo.schemas import check
from aigc_demo.ui.models.audit_view import audit_html
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import COMPUTES, PRIVATE, QUICK
from aigc_demo.ui.page.progress import BackgroundWork, status

TASK = "probe"


class AuditPanel:
    """Components and handlers; what is shown belongs to the model whose card is above."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def build(self) -> None:
        """A fold with what the look answers, its buttons and its findings."""
        words = self.context.words
        with gr.Accordion(
            words("probe.title"), open=False, visible=False, elem_id="models-probe"
        ) as self.fold:
            self.about = gr.HTML("", elem_id="probe-about")
            with gr.Row(elem_classes="small-buttons") as self.buttons:
                self.go = gr.Button(words("probe.go"), size="sm", elem_id="probe-go")
                self.halt = gr.Button(words("probe.stop"), size="sm", elem_id="probe-stop")
            self.found = gr.HTML("", elem_id="probe-found")

    def connect(self, model: gr.State) -> None:
        """Follow the model that is shown."""
        model.change(self.offer, model, [self.fold, self.about, self.buttons, self.found], **PRIVATE)
        self.go.click(self.run, model, self.found, **COMPUTES)
        self.halt.click(self.stop, **QUICK)

    @polite
    def offer(self, model: str, visitor: gr.Request) -> dict[Any, Any]:
        """Another model is shown: what can be found out about it here."""
        self.stop(visitor)
        say, lang = self.context.words.say, self.context.lang(visitor)
        card = next((card for card in all_cards(self.context.settings) if card.id == model), None)
        ours = card is not None and can_audit(card)
        theirs = card is not None and bool(card.revision) and "/" in card.id
        about = f'<p class="note">{escape(say("probe.help", lang))}</p>'
        if theirs:
            page = hub_page(card.id)
            link = f'<a href="{escape(page)}" target="_blank" rel="noopener noreferrer">{escape(page)}</a>'
            about = f'<p class="note">{escape(say("probe.hub", lang))} {link}</p>'
        return {
            self.fold: gr.update(visible=ours or theirs),
            self.about: about,
            self.buttons: gr.update(visible=ours),
            self.found: "",
        }

    @polite
    def run(self, model: str, visitor: gr.Request) -> Iterator[Any]:
        """Look, saying how far it is."""
        asked = check(AuditRequest, {"model": model})
        stop, cache, lang = self.context.begin(visitor, TASK), self.context.cache, self.context.lang(visitor)
        work = BackgroundWork(lambda report: look_closer(asked, cache, stop, report))
        try:
            yield from work.status_lines(self.context.words, lang)
        except Stopped:
            yield status(self.context.words.say("probe.stopped", lang))
            return
        except Exception:
            yield ""
            raise
        yield audit_html(work.result, self.context.words, lang)

    def stop(self, visitor: gr.Request) -> None:
        """The look ends."""
        self.context.stop(visitor, TASK)
