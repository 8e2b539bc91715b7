"""A draft while the hand changes what is asked, and the whole drawing when it rests: for models that draw in an instant."""

from collections import deque
from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import gradio as gr

from aigc_demo.actions import DrawResult, draw
from aigc_demo.runtime.registry import find_card
from aigc_demo.ui.image.vocabulary import is_own
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.generation_tab import GenerationTab
from aigc_demo.ui.page.live import LIVE, Rest, live
from aigc_demo.ui.page.pictures import data_uri
from aigc_demo.ui.page.progress import status

STEPS = 6  # of a draft: enough to see who stands there


class Drafts:
    """What draws them for `tab`; `hand` is when it rests."""

    def __init__(self, context: Context, tab: GenerationTab) -> None:
        self.context, self.tab = context, tab
        self.note, self.hand = tab.note, Rest(f"{tab.task}-rest", "#draw-view .draft")

    def connect(
        self,
        events: list[Any],
        after: Callable[..., Any],
        inputs: set[Any],
        outputs: list[Any],
        **settings: Any,
    ) -> Any:
        """Draft on `events` and `after` another handler has answered; draw the whole with `outputs` after a rest.

        Returns the event of the latter.
        """
        shown = [self.tab.view, self.note]
        answered = (
            gr.on(events, self.draft, inputs, shown, **LIVE),
            after(self.draft, inputs, shown, **LIVE),
        )
        return self.hand.after(*answered)(self.rest, inputs, outputs, **settings)

    @live
    def draft(self, values: dict[Any, Any], visitor: gr.Request) -> Any:
        """A setting moves: one picture in few steps, where the model is quick and there is something to draw."""
        if not self.wanted(values):
            return gr.skip()
        asked = self.tab.asked(values)
        few = min(asked.num_inference_steps or STEPS, STEPS)
        stop = self.context.begin(visitor, self.tab.task)
        drawing = draw(
            asked.model_copy(update={"count": 1, "num_inference_steps": few}), self.context.cache, stop
        )
        result = deque(drawing, maxlen=1).pop()
        return stop.newest(self.shown(result, self.context.lang(visitor)))

    def rest(self, values: dict[Any, Any], visitor: gr.Request) -> Iterator[dict[Any, Any]]:
        """The hand rests: the whole drawing."""
        if self.wanted(values):
            yield from self.tab.run(values, visitor)
        else:
            yield gr.skip()

    def wanted(self, values: dict[Any, Any]) -> bool:
        """Whether what is asked can be drawn while the hand moves."""
        given = self.tab.given(values)
        if not given["model"] or not given["prompt"].strip():
            return False
        return is_own(find_card(given["model"], self.context.settings, "draw"))

    def shown(self, result: DrawResult, lang: str) -> dict[Any, Any]:
        """Updates that show a draft where the result will be."""
        name = self.context.words.say("draw.draft", lang)
        picture = f'<img class="shown" src="{data_uri(result.pictures[0])}" alt="{escape(name)}">'
        return {
            self.tab.view: f'<div class="drawn pixels-shown draft">{picture}</div>',
            self.note: status(name),
        }
