"""A recorded session on the page, in place of a form that has no model: its odds and attention answer as live ones do."""

from html import escape
from typing import Any

import gradio as gr

from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.events import QUICK, index_of
from aigc_demo.ui.text import odds
from aigc_demo.ui.text.alternatives import alternatives
from aigc_demo.ui.text.heat_map import heat_map
from aigc_demo.ui.text.recording import Recording, read_recording
from aigc_demo.ui.text.token_view import CHOOSE


class RecordedSession:
    """Components and handlers: what was said, the odds of a chosen token, a map of a chosen head."""

    def __init__(self, context: Context, task: str) -> None:
        self.context, self.task, self.recording = context, task, read_recording(task)
        words, name = context.words, f"{task}-recorded"
        both = {
            part: words.both(*(part(self.recording, task, context, lang) for lang in ("en", "zh")))
            for part in (session_html, hint_html)
        }
        with gr.Row(equal_height=False, elem_classes="recorded"):
            with gr.Column(min_width=280, scale=3):
                self.text = gr.HTML(both[session_html], js_on_load=CHOOSE, elem_id=name)
            with gr.Column(min_width=280, scale=2):
                self.odds = gr.HTML(
                    both[hint_html],
                    js_on_load="element.setAttribute('aria-live', 'polite')",
                    elem_id=f"{name}-odds",
                )
                kinds = list(enumerate(self.recording.maps))
                self.which = gr.Radio(
                    [(self.said(place), place) for place, _ in kinds],
                    value=0,
                    label=words("recorded.heads"),
                    visible=len(kinds) > 1,
                    elem_id=f"{name}-heads",
                )
                # asked for when it is seen: a picture in two languages is not sent with every page
                self.map = gr.HTML("", js_on_load="trigger('submit')", elem_id=f"{name}-map")
        self.text.select(self.pick, None, self.odds, trigger_mode="always_last", **QUICK)
        gr.on([self.map.submit, self.which.input], self.draw, self.which, self.map, **QUICK)

    def said(self, place: int) -> Any:
        """What the head of a map looks at, in the reader's language."""
        one = self.recording.maps[place]
        return self.context.words.both(
            *(self.context.words.say(f"recorded.kind.{one.kind}", lang, **one.facts) for lang in ("en", "zh"))
        )

    def pick(self, event: gr.EventData, visitor: gr.Request) -> Any:
        """A token was chosen: what else the model had in mind."""
        turns = self.recording.turns
        turn = turns[max(0, min(index_of(event, "sample"), len(turns) - 1))]
        place = max(0, min(index_of(event, "token"), len(turn.tokens) - 1))
        return alternatives(turn.tokens, place, self.context.translator(visitor))

    def draw(self, place: int, visitor: gr.Request) -> str:
        """Another head was chosen."""
        place = max(0, min(int(place or 0), len(self.recording.maps) - 1))
        return map_html(self.recording, place, self.task, self.context, self.context.lang(visitor))


def session_html(recording: Recording, task: str, context: Context, lang: str) -> str:
    """That it is recorded and of what, then the turns: what was given, and the answer with its odds."""
    say = context.words.translator(lang)
    facts = {"model": recording.model, "source": recording.source}
    head = (
        f'<p class="about"><b class="badge">{escape(say("recorded.badge"))}</b> '
        f"{escape(say(f'recorded.about.{task}', **facts))}</p>"
    )
    turns = "".join(
        f'<blockquote class="given" lang="en">{escape(turn.given)}</blockquote>'
        f'<div class="answer" lang="en">{odds.body_of(turn.tokens, place, say)}</div>'
        for place, turn in enumerate(recording.turns)
    )
    return f'<div class="session">{head}{turns}{odds.legend(say)}</div>'


def hint_html(recording: Recording, task: str, context: Context, lang: str) -> str:
    """The odds of the first answer's least expected token, so that something is to be seen at once."""
    tokens = recording.turns[0].tokens
    place = min(range(len(tokens)), key=lambda place: tokens[place].probability)
    say = context.words.translator(lang)
    hint = f'<p class="note">{escape(say("recorded.choose"))}</p>'
    return hint + alternatives(tokens, place, say)


def map_html(recording: Recording, place: int, task: str, context: Context, lang: str) -> str:
    """One map, with what it shows."""
    say = context.words.translator(lang)
    caption = say(f"recorded.caption.{task}")
    weights = recording.maps[place].weights
    return heat_map(weights, recording.rows, recording.columns, caption, say("rewrite.map_hint"), {}, say)
