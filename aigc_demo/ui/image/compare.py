"""Two pictures of the same thing in one place, and an edge between them that the hand moves."""

from html import escape

import gradio as gr

MOVE = """element.addEventListener('input', (event) => {
  const box = event.target.closest('.compare');
  if (box) box.style.setProperty('--uncovered', `${event.target.value}%`);
});"""


def compare_stage(value: str, elem_id: str) -> gr.HTML:
    """The component that a comparison stands in, alive."""
    return gr.HTML(value, js_on_load=MOVE, elem_id=elem_id)


def compare_html(before: str, after: str, names: tuple[str, str], hand: str) -> str:
    """`before` covers the left half of `after` (both are addresses); `names` stand in the corners, `hand` names the slider."""
    left, right = (escape(name) for name in names)
    return (
        f'<div class="compare"><img class="after" src="{after}" alt="{right}">'
        f'<img class="before" src="{before}" alt="{left}"><i class="edge"></i>'
        f'<span class="corner left">{left}</span><span class="corner right">{right}</span>'
        f'<input type="range" min="0" max="100" value="50" aria-label="{escape(hand)}"></div>'
    )
