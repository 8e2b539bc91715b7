"""The folded panels under every result: how it works, the code that makes the same, the history."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from aigc_demo.models.family import family
from aigc_demo.schemas import Request, as_code
from aigc_demo.ui.page.code_block import code_block
from aigc_demo.ui.page.context import Context

PACKAGE = Path(__file__).parents[2]
LONGEST_LINK = 8000  # characters that servers and browsers take; a long conversation travels as a file
LATEX = [{"left": "$$", "right": "$$", "display": True}, {"left": "$", "right": "$", "display": False}]


def source(name: str) -> str:
    """The text of a source file such as "families/gan/losses.py", read from the package as it is, without importing it."""
    return (PACKAGE / name).read_text("utf-8")


def loss_source(name: str) -> str:
    """The path of a family's loss inside the package."""
    row = family(name)
    return row.losses or f"{row.folder}/losses.py"


def show_lesson(context: Context, lesson: str, code: str) -> None:
    """A lesson, the files `lesson`.en.md and .zh.md of the package in Markdown with KaTeX, and the source it speaks of."""
    text = context.words.both(*(source(f"{lesson}.{lang}.md") for lang in ("en", "zh")))
    gr.Markdown(text, latex_delimiters=LATEX, elem_classes="lesson")
    code_block(source(code), f"aigc_demo/{code}", "python")


def place_lesson(context: Context, elem_id: str, lesson: str, code: str) -> None:
    """How it works, where that does not hang on the model."""
    with gr.Accordion(context.words("panel.lesson"), open=False, elem_id=elem_id):
        show_lesson(context, lesson, code)


class Lesson:
    """How it works: the lesson of the chosen model's family beside the real source of its loss."""

    def __init__(self, context: Context, names: Sequence[str], shown: str, elem_id: str) -> None:
        """The lessons of the families `names`, with that of `shown` visible: the first one where it is none of them."""
        self.groups: dict[str, gr.Column] = {}
        shown = shown if shown in names else names[0]
        with gr.Accordion(context.words("panel.lesson"), open=False, elem_id=elem_id):
            for name in names:
                with gr.Column(visible=name == shown) as group:
                    show_lesson(context, f"{family(name).folder}/lesson", loss_source(name))
                self.groups[name] = group

    def show(self, shown: str) -> dict[Any, Any]:
        """Updates that show the lesson of the family `shown` and hide the others; of a family without one, none change."""
        if shown not in self.groups:
            return {}
        return {group: gr.update(visible=name == shown) for name, group in self.groups.items()}


@dataclass(frozen=True)
class CodePanel:
    """Show the code: Python, command line and a link for the last request."""

    python: gr.HTML
    shell: gr.HTML
    link: gr.Textbox

    @classmethod
    def build(cls, context: Context, elem_id: str) -> "CodePanel":
        """Place the panel."""
        with gr.Accordion(context.words("panel.code"), open=False, elem_id=elem_id):
            gr.Markdown(context.words("panel.code_help"), elem_classes="note")
            python = code_block("", "Python", "python")
            shell = code_block("", context.words("panel.shell"))
            link = gr.Textbox("", label=context.words("panel.link"), interactive=False, buttons=["copy"])
        return cls(python, shell, link)

    def show(self, request: Request, visitor: gr.Request) -> dict[Any, Any]:
        """Updates with the code of `request`; the link begins with the address the visitor has open."""
        base, query = str(visitor.headers.get("referer", "")).split("?")[0], as_code.link(request)
        return {
            self.python: as_code.python(request),
            self.shell: as_code.command_line(request),
            self.link: base + query if len(query) <= LONGEST_LINK else "",
        }


PICK = """element.addEventListener('click', (event) => {
  const chosen = event.target.closest('[data-index]');
  if (!chosen) return;
  element.querySelectorAll('[data-index]').forEach((b) => b.setAttribute('aria-pressed', String(b === chosen)));
  trigger('select', { index: Number(chosen.dataset.index) });
});"""


def pick_list(value: Any, elem_id: str) -> gr.HTML:
    """HTML whose elements with data-index can be picked: the event `select` carries the index."""
    return gr.HTML(value, js_on_load=PICK, elem_id=elem_id)


@dataclass(frozen=True)
class Memory:
    """One past result: what was asked, in how few words, and a thumbnail (a data: address) or the first words."""

    request: Request
    about: str
    thumbnail: str = ""
    words: str = ""
