"""Under a poem: its tones and rhymes beside those that regulated verse wants, and the drafts that it is the best of."""

import math
from html import escape
from typing import Any

import gradio as gr

from aigc_demo.actions import TextResult
from aigc_demo.actions.text import Draft
from aigc_demo.language.drafts import Score, score
from aigc_demo.language.prosody import EITHER, LEVEL, Character, Prosody
from aigc_demo.language.writers import is_verse
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.language import Say

SIGNS = {LEVEL: "○", EITHER: "◐"}
TAKE = """element.addEventListener('click', (event) => {
  const draft = event.target.closest('[data-draft]');
  if (draft) trigger('select', { draft: Number(draft.dataset.draft) });
});"""


class DraftsPanel:
    """The fold. A `select` of `view` carries the place of a draft, which the tab shows as the result."""

    def __init__(self, context: Context, task: str) -> None:
        title = context.words("drafts.title")
        with gr.Accordion(title, open=False, visible=False, elem_id=f"{task}-drafts") as self.fold:
            self.view = gr.HTML("", js_on_load=TAKE, elem_id=f"{task}-drafts-view")

    def outputs(self) -> list[Any]:
        """The components that `show` updates."""
        return [self.fold, self.view]

    def show(self, result: TextResult, say: Say) -> dict[Any, Any]:
        """Updates for a new text; prose has no fold."""
        verse = is_verse(result.card)
        return {self.fold: gr.update(visible=verse), self.view: drafts_html(result, say) if verse else ""}


def drafts_html(result: TextResult, say: Say) -> str:
    """The poems that are shown with their tones; where they were chosen among drafts, all of these in their order."""
    shown = [
        score(result.full_text(sample), [token.probability for token in sample.tokens]).prosody
        for sample in result.samples
    ]
    poems = "".join(tones_html(poem, say) for poem in shown if poem)
    legend = f'<p class="legend">{escape(say("drafts.legend"))}</p>' if poems else ""
    if not result.drafts:
        return f"{poems or escape(say('drafts.unshaped'))}{legend}"
    rows = "".join(_row(result, place, draft, say) for place, draft in enumerate(result.drafts))
    about = f'<p class="note">{escape(say("drafts.about", count=len(result.drafts)))}</p>'
    return f'{poems}{legend}{about}<ol class="drafts">{rows}</ol>'


def tones_html(poem: Prosody, say: Say) -> str:
    """A poem with the tone of each character under it, what breaks the pattern marked, and what is kept in words."""
    lines = "".join(f"<p>{''.join(_character(one, say) for one in line)}</p>" for line in poem.lines)
    places = [one for line in poem.lines for one in line if one.wanted != EITHER]
    words = say(
        "drafts.kept",
        order=say("drafts.order." + ("level" if poem.lines[0][1].wanted == LEVEL else "oblique")),
        kept=sum(one.kept for one in places),
        places=len(places),
        rhyme=_rhyme(poem, say),
    )
    return f'<div class="tones" lang="zh">{lines}</div><p class="note">{escape(words)}</p>'


def _character(one: Character, say: Say) -> str:
    sign = SIGNS.get(one.tone, "●")
    kinds = " ".join(name for name, is_so in (("broken", not one.kept), ("rhymes", one.rhymes)) if is_so)
    title = "" if one.kept else f' title="{escape(say("drafts.wants", tone=one.wanted))}"'
    return f'<span class="{kinds}"{title}>{escape(one.text)}<i>{sign}</i></span>'


def _rhyme(poem: Prosody, say: Say) -> str:
    if not poem.rhyme:
        return say("drafts.no_rhyme")
    key = "drafts.rhymes" if poem.rhyme == 1 else "drafts.rhymes_partly"
    return say(key, group=poem.group, rhyming=poem.rhyming, couplets=len(poem.lines) // 2)


def _row(result: TextResult, place: int, draft: Draft, say: Say) -> str:
    chosen = any(draft.sample is sample for sample in result.samples)
    name = f"<b>{escape(say('drafts.shown'))}</b> " if chosen else ""
    return (
        f'<li><button type="button" data-draft="{place}" aria-pressed="{str(chosen).lower()}">'
        f'<span lang="zh">{escape(result.full_text(draft.sample))}</span>'
        f'<span class="about">{name}{escape(_facts(draft.score, say))}</span></button></li>'
    )


def _facts(found: Score, say: Say) -> str:
    kept = found.prosody
    return say(
        "drafts.facts",
        total=f"{found.total:.2f}",
        bits=f"{-found.likelihood / math.log(2):.1f}",
        rhyme=f"{kept.rhyme:.0%}" if kept else "–",
        tones=f"{kept.tones:.0%}" if kept else "–",
        repeated=f"{found.repeated:.0%}",
    )
