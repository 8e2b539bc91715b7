"""Blind comparison: two models' outputs without their names, in shuffled sides, until every pair has its vote.

The votes are a short text that the browser keeps, so that a reload loses none; the pairs follow from request and seed.
"""

import json
from html import escape
from typing import Any

import gradio as gr

from aigc_demo.actions.evaluate import EvaluateResult
from aigc_demo.actions.evaluate.votes import LETTERS, Votes, pairings
from aigc_demo.core.errors import InputError
from aigc_demo.schemas import as_code
from aigc_demo.ui.evaluate.table_view import made_html, whisker
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE

PAIRS = 20
CHOICES = {"left": "l", "tie": "t", "right": "r"}


class BlindPanel:
    """Components and handlers. `votes` is a JSON text {"of": what was evaluated, "letters": ...}."""

    def __init__(self, context: Context) -> None:
        self.context = context
        words = context.words
        with gr.Accordion(words("evaluate.people"), open=False, elem_id="evaluate-blind") as self.fold:
            gr.Markdown(words("evaluate.people_help"), elem_classes="note")
            self.view = gr.HTML("", elem_id="evaluate-blind-view")
            with gr.Row(elem_classes="small-buttons blind-buttons"):
                self.buttons = {
                    name: gr.Button(words(f"evaluate.{name}"), size="sm", elem_id=f"evaluate-{name}")
                    for name in CHOICES
                }
            self.again = gr.Button(
                words("evaluate.again"), size="sm", elem_id="evaluate-again", visible=False
            )
            self.votes = gr.Textbox("", visible="hidden", show_label=False, elem_id="evaluate-votes")

    def parts(self) -> list[Any]:
        """What shows the votes."""
        return [self.fold, self.view, self.again, *self.buttons.values()]

    def connect(self, result: gr.State, ran: Any) -> None:
        """A press is a vote; `ran` is the event that brings a new result."""
        inputs = [result, self.votes]
        for name, button in self.buttons.items():
            button.click(self.voting(CHOICES[name]), inputs, self.votes, **PRIVATE)
        self.again.click(lambda: "", None, self.votes, **PRIVATE)
        # also as the browser brings votes back, maybe while a result is still being made
        for event in (self.votes.change, ran.success):
            event(self.render, inputs, self.parts(), **PRIVATE)

    def voting(self, letter: str) -> Any:
        """A handler that gives this vote."""

        def vote(result: EvaluateResult | None, kept: str, visitor: gr.Request) -> Any:
            return self.vote(letter, result, kept, visitor)

        return vote

    @polite
    def vote(self, letter: str, result: EvaluateResult | None, kept: str, visitor: gr.Request) -> Any:
        """One vote more, for the browser to keep."""
        if result is None:
            raise InputError(
                en="There is nothing to compare yet; evaluate two models first.",
                zh="还没有可比较的内容；请先评测两个模型。",
            )
        votes = self.given(result, kept)
        return kept if votes.finished else self.packed(result, votes.letters + letter)

    @polite
    def render(self, result: EvaluateResult | None, kept: str, visitor: gr.Request) -> Any:
        """The next pair; after the last one the names and what the votes come to."""
        return gr.skip() if result is None else self.shown(result, kept, self.context.lang(visitor))

    def given(self, result: EvaluateResult, kept: str) -> Votes:
        """The votes on these pairs that the browser kept; none where they are of another evaluation."""
        pairs = pairings(len(result.cards), min(map(len, result.made)), PAIRS, result.request.seed)
        letters = ""
        try:
            found = json.loads(kept or "{}")
            if found.get("of") == as_code.link(result.request):
                letters = "".join(c for c in str(found.get("letters", "")) if c in LETTERS)[: len(pairs)]
        except (ValueError, AttributeError):
            pass
        return Votes([card.id for card in result.cards], pairs, letters)

    def packed(self, result: EvaluateResult, letters: str) -> str:
        """Votes as the browser keeps them."""
        return json.dumps({"of": as_code.link(result.request), "letters": letters})

    def cast(self, result: EvaluateResult, kept: str) -> Votes | None:
        """The votes for a report, once every pair has its own."""
        if not can_compare(result):
            return None
        votes = self.given(result, kept)
        return votes if votes.finished else None

    def shown(self, result: EvaluateResult, kept: str, lang: str) -> dict[Any, Any]:
        """Updates that show the next pair, or the end."""
        if not can_compare(result):
            note = f'<p class="note">{self.context.words.say("evaluate.needs_two", lang)}</p>'
            return {
                self.view: note,
                self.again: gr.update(visible=False),
                **{button: gr.update(visible=False) for button in self.buttons.values()},
            }
        votes = self.given(result, kept)
        html = self.end(votes, lang) if votes.finished else self.pair(result, votes, lang)
        return {
            self.view: html,
            **({self.fold: gr.update(open=True)} if votes.letters else {}),
            self.again: gr.update(visible=votes.finished),
            **{button: gr.update(visible=not votes.finished) for button in self.buttons.values()},
        }

    def pair(self, result: EvaluateResult, votes: Votes, lang: str) -> str:
        """The next pair without names."""
        pairing = votes.pairings[votes.count]
        prompt = result.prompts[pairing.item].say(lang) if pairing.item < len(result.prompts) else ""
        sides = "".join(
            f'<div class="side">{made_html(result.made[place][pairing.item])}</div>'
            for place in (pairing.left, pairing.right)
        )
        said = self.context.words.say("evaluate.pair", lang, place=votes.count + 1, count=len(votes.pairings))
        head = f" · {escape(prompt)}" if prompt else ""
        return f'<div class="blind" data-place="{votes.count}"><p class="note">{said}{head}</p><div class="sides">{sides}</div></div>'

    def end(self, votes: Votes, lang: str) -> str:
        """The names, shares of wins, strengths with intervals, and the sign test."""
        say, strengths = self.context.words.say, votes.strengths()
        low = min(beta.low for _, _, beta in strengths)
        high = max(beta.high for _, _, beta in strengths)
        rows = ""
        for place, (model, share, beta) in enumerate(strengths):
            wins, losses, ties = votes.tally(place)
            label = f"{model}: {beta.point:+.2f}, 95 %: {beta.low:+.2f} … {beta.high:+.2f}"
            rows += (
                f'<tr><th scope="row" class="model">{escape(model)}</th><td>{wins} : {losses} : {ties}</td>'
                f'<td class="value">{share.point:.0%} <small>[{share.low:.0%} … {share.high:.0%}]</small></td>'
                f'<td class="plot">{whisker(beta.point, beta.low, beta.high, low, high, label)}</td>'
                f"<td>{beta.point:+.2f} <small>[{beta.low:+.2f} … {beta.high:+.2f}]</small></td></tr>"
            )
        heads = "".join(
            f'<th scope="col">{say(f"evaluate.{name}", lang)}</th>'
            for name in ("model", "tally", "share", "strength")
        )
        p, verdict = votes.p(), "evaluate.preferred" if votes.p() < 0.05 else "evaluate.no_preference"
        said = say(verdict, lang, p=f"{p:.3g}", count=votes.count)
        head = f"<thead><tr>{heads}<th></th></tr></thead>"
        table = f'<table class="evaluation people">{head}<tbody>{rows}</tbody></table>'
        return f'{table}<p class="verdict-line">{said}</p>'


def can_compare(result: EvaluateResult) -> bool:
    """Whether two models made something that people can look at."""
    return len(result.cards) > 1 and result.kind != "classify" and all(result.made)
