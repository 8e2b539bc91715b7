"""Side by side: one prompt and one seed, two to four language models: what each writes, how fast, how large, how well it guesses.

Odds are coloured by one scale for all. What a card does not tell is a dash.
"""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from aigc_demo.actions import TextResult, write_text
from aigc_demo.core.errors import InputError
from aigc_demo.jobs.job import duration, last_line
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import runs_here
from aigc_demo.runtime.registry import cards_for, find_card
from aigc_demo.schemas import TextRequest, check
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import COMPUTES, QUICK
from aigc_demo.ui.page.language import Say
from aigc_demo.ui.text import odds

FEWEST, MOST, TOKENS = 2, 4, 120


@dataclass(frozen=True)
class Written:
    """What a model wrote, and in how many seconds once it was loaded."""

    result: TextResult
    seconds: float

    @property
    def tokens(self) -> list[Any]:
        """Its tokens with their odds."""
        return self.result.samples[0].tokens


class SidePanel:
    """Components and handlers; `models` are the ids of the chosen ones."""

    def __init__(self, context: Context) -> None:
        self.context, words = context, context.words
        with gr.Accordion(words("side.title"), open=False, elem_id="text-side") as self.fold:
            gr.Markdown(words("side.help"), elem_classes="note")
            names = self.names()
            self.models = gr.CheckboxGroup(
                names, value=names[:FEWEST], label=words("side.models"), elem_id="side-models"
            )
            self.go = gr.Button(words("side.go"), size="sm", elem_id="side-go")
            self.view = gr.HTML("", elem_id="side-view")

    def connect(self, prompt: Any, seed: Any) -> None:
        """The button asks all; opening the fold looks for models that have come since."""
        self.go.click(self.run, [self.models, prompt, seed], self.view, **COMPUTES)
        self.fold.expand(self.refresh, self.models, self.models, **QUICK)

    def names(self) -> list[str]:
        """The models of this machine that write, those that were trained here among them."""
        return [card.id for card in cards_for("text", self.context.settings) if runs_here(card.family)]

    @polite
    def refresh(self, chosen: list[str], visitor: gr.Request) -> Any:
        """The fold was opened."""
        names = self.names()
        return gr.update(choices=names, value=[name for name in chosen if name in names])

    @polite
    def run(self, models: list[str], prompt: str, seed: int, visitor: gr.Request) -> Iterator[str]:
        """Have one after the other write, and show each as it is done."""
        if not FEWEST <= len(models or []) <= MOST:
            raise InputError(
                en=f"Choose {FEWEST} to {MOST} models; {len(models or [])} are chosen.",
                zh=f"请选择 {FEWEST} 到 {MOST} 个模型；现在选了 {len(models or [])} 个。",
            )
        say, lang = self.context.translator(visitor), self.context.lang(visitor)
        asked = [
            check(
                TextRequest,
                {
                    "model": model,
                    "prompt": prompt or "",
                    "seed": seed or 0,
                    "count": 1,
                    "max_new_tokens": TOKENS,
                    "drafts": 1,
                },
            )
            for model in models
        ]
        stop, done = self.context.begin(visitor, "side"), []
        for request in asked:
            yield side_html(done, [find_card(name, self.context.settings) for name in models], say, lang)
            done.append(self.write(request, stop))
        yield side_html(done, [find_card(name, self.context.settings) for name in models], say, lang)

    def write(self, request: TextRequest, stop: Any) -> Written:
        """One model's text; the time begins with its first token, so that loading does not count."""
        steps = write_text(request, self.context.cache, stop)
        first = next(steps)
        begun = time.monotonic()
        last = deque(steps, maxlen=1)
        return Written(last.pop() if last else first, time.monotonic() - begun)


def side_html(done: list[Written], cards: list[ModelCard], say: Say, lang: str) -> str:
    """The table of figures, then a column a model; columns of models that have not written yet are empty."""
    head = "".join(
        f"<th>{escape(say(f'side.{name}'))}</th>"
        for name in ("model", "bits", "speed", "weights", "size", "took")
    )
    rows, columns = "", ""
    for place, card in enumerate(cards):
        written = done[place] if place < len(done) else None
        cells = "".join(f"<td>{escape(value)}</td>" for value in facts(card, written, lang))
        rows += f'<tr><th scope="row">{escape(card.id)}</th>{cells}</tr>'
        text = (
            odds.body_of(written.tokens, place, say)
            if written
            else f'<p class="note">{escape(say("side.waiting"))}</p>'
        )
        columns += f"<section><h4>{escape(card.id)}</h4>{text}</section>"
    return (
        f'<div class="sweep-table" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
        f'<div class="columns">{columns}</div>{odds.legend(say) if done else ""}'
    )


def facts(card: ModelCard, written: Written | None, lang: str) -> list[str]:
    """Held-out bits a character, tokens a second, number of weights, bytes on the disk, time of training."""
    bits = card.figures.get("bits_per_character")
    seconds = last_line(card.folder / "log.jsonl").get("seconds")
    size = sum(
        path.stat().st_size
        for path in card.folder.glob("*.safetensors")
        if not path.name.startswith("state-")
    )
    rate = "–"
    if written and written.seconds > 0 and len(written.tokens) > 1:
        rate = f"{(len(written.tokens) - 1) / written.seconds:,.0f}"
    return [
        f"{bits:.3f}" if isinstance(bits, int | float) else "–",
        rate,
        f"{card.parameters:,}",
        f"{size / 1e6:.2f} MB" if size else "–",
        duration(seconds, lang) if isinstance(seconds, int | float) else "–",
    ]
