"""Look inside a text that was written by rules: the tree of rules that it came from, and what each could have chosen."""

import json
from html import escape
from typing import Any

import gradio as gr

from aigc_demo.actions.derivation import derivation
from aigc_demo.actions.text import TextResult
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.derivation import Branch
from aigc_demo.models.family import runs_here
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.language import Say
from aigc_demo.ui.text.odds import percent


class DerivationPanel:
    """The panel's components."""

    def __init__(self, context: Context, task: str) -> None:
        self.context = context
        with gr.Accordion(
            context.words("derivation.title"), open=True, visible=False, elem_id=f"{task}-derivation"
        ) as self.fold:
            self.view = gr.HTML("", elem_id=f"{task}-derivation-view")

    def outputs(self) -> list[Any]:
        """The components that `show` updates."""
        return [self.fold, self.view]

    def show(self, result: TextResult, say: Say) -> dict[Any, Any]:
        """Updates for a new text."""
        if not derives(result.card):
            return {self.fold: gr.update(visible=False), self.view: ""}
        trees = [derivation(result, place, self.context.cache) for place in range(len(result.samples))]
        drawn = "".join(tree_html(tree, say) for tree in trees if tree)
        help_line = f'<p class="note">{escape(say("derivation.help"))}</p>'
        return {self.fold: gr.update(visible=True), self.view: help_line + drawn}


def derives(card: ModelCard) -> bool:
    """Whether a model writes by rules, from config.json: the model itself may be lent to another visitor by now."""
    path = card.folder / "config.json"
    return (
        runs_here(card.family) and path.is_file() and bool(json.loads(path.read_text("utf-8")).get("derives"))
    )


def tree_html(branch: Branch, say: Say) -> str:
    """A derivation as the text with its rules around their parts: boxes within boxes, each with its name and its odds."""
    return f'<div class="derivation">{_box(branch, say, 0)}</div>'


def _box(branch: Branch, say: Say, depth: int) -> str:
    inside = "".join(
        f"<span>{escape(part)}</span>" if isinstance(part, str) else _box(part, say, depth + 1)
        for part in branch.parts
    )
    if branch.given:
        about, kind = say("derivation.given"), " given"
    elif branch.choices == 1:
        about, kind = say("derivation.alone"), " alone"
    else:
        about, kind = say("derivation.one_of", share=percent(branch.share), choices=branch.choices), ""
    return (
        f'<span class="rule{kind} depth{depth % 4}" title="{escape(branch.name)}: {escape(about)}">'
        f"<small>{escape(branch.name)} <i>{escape(about)}</i></small>{inside}</span>"
    )
