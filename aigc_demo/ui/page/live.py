"""What answers while the hand moves: one call at a time and then the newest, no toasts, nothing kept until the hand rests.

A slider sends an event a movement. With `trigger_mode="always_last"` the browser has one call under way and remembers
only the last of those that came meanwhile, so that no queue of stale calls builds up. On the server the calls have their
own few places in Gradio's queue, and `Context.begin` ends the call before.

The browser calls the listeners of an event one after the other, and all of them again for what came meanwhile: an event
that a live handler answers has no second listener that asks the server. What else follows, follows on the answer.
"""

import functools
import logging
from collections.abc import Callable
from typing import Any

import gradio as gr

from aigc_demo.core.errors import Stopped
from aigc_demo.core.failures import told
from aigc_demo.models.cards import ModelCard
from aigc_demo.ui.page.events import PRIVATE
from aigc_demo.ui.page.progress import remark_line
from aigc_demo.ui.page.sampler_fields import samples_in_steps

log = logging.getLogger(__name__)
# Two at once on the whole page: the device computes one after the other, the second prepares or packs meanwhile.
LIVE = {**PRIVATE, "trigger_mode": "always_last", "concurrency_id": "live", "concurrency_limit": 2}
REST = 800  # milliseconds without a movement after which the hand rests


def is_quick(card: ModelCard) -> bool:
    """Whether a model answers in a fraction of a second: our own, which make a picture in one pass."""
    return not card.kind and not samples_in_steps(card)


def live(handler: Callable[..., Any]) -> Callable[..., Any]:
    """An error of a live handler, a method of an object with `context` and `note`, is said in the note.

    It would come with every movement, so a toast each would pile up. What was stopped says nothing: a newer call answers.
    """

    @functools.wraps(handler)
    def call(self: Any, *arguments: Any) -> Any:
        lang = self.context.lang(arguments[-1])
        try:
            return handler(self, *arguments)
        except Stopped:
            return gr.skip()
        except Exception as error:
            if said := told(error):
                return {self.note: remark_line(said.say(lang))}
            log.exception("a live handler failed")
            return {self.note: remark_line(self.context.words.say("toast.bug", lang))}

    return call


class Newest:
    """What a script knows and a live handler is to be given: a hidden text that `js` fills whenever `event` comes.

    An event that waits its turn is sent with the data of the event before; only values of components are read anew.
    """

    def __init__(self, event: Callable[..., Any], js: str) -> None:
        self.box = gr.Textbox(visible="hidden", show_label=False)
        self.came = event(None, None, self.box, js=f"() => {js}").success


class Rest:
    """A while after a live answer, where `shown` is on the page: a hidden button, which the page presses then.

    By default that is when the hand rests.
    """

    def __init__(self, elem_id: str, shown: str = "body", wait: int = REST) -> None:
        self.button, self.shown, self.wait = gr.Button(visible="hidden", elem_id=elem_id), shown, wait

    def after(self, *answered: Any) -> Callable[..., Any]:
        """What connects a handler to it; `answered` are the live events after which it comes."""
        find = f"document.querySelector('#{self.button.elem_id}')"
        press = f"() => document.querySelector({self.shown!r}) && rest.click()"
        js = f"() => {{ const rest = {find}; clearTimeout(rest.timer); rest.timer = setTimeout({press}, {self.wait}); }}"
        for event in answered:
            event.success(None, None, None, js=js)
        return self.button.click
