"""All attention heads of a model as one picture of small maps: a row a layer, a column a head."""

from collections.abc import Sequence
from html import escape

import numpy as np

from aigc_demo.provenance.carrying import NOTHING
from aigc_demo.ui.page.language import Say
from aigc_demo.ui.page.pictures import data_uri
from aigc_demo.ui.text.heads import Finding
from aigc_demo.ui.text.heat_map import inked

TILE = 48  # pixels a side of a small map, at most
PIXELS = 600_000  # of the whole picture, at most

# The small map of the head that is shown large is marked, whichever of the two pictures comes last.
MARK_HEAD = "watch('value', () => requestAnimationFrame(() => aigcTokens.markHead(element)));"
CHOOSE_HEAD = (
    MARK_HEAD
    + """
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-layer]'), tiles = event.target.closest('.tiles');
  const chosen = button ? [button.dataset.layer, button.dataset.head].map(Number) : tiles && aigcTokens.tile(tiles, event);
  if (chosen) trigger('select', { layer: chosen[0], head: chosen[1] });
});
element.addEventListener('keydown', (event) => {
  const chosen = event.target.matches('.tiles') && aigcTokens.step(event.target, event.key);
  if (!chosen) return;
  event.preventDefault();
  trigger('select', { layer: chosen[0], head: chosen[1] });
});"""
)


def small_maps(weights: np.ndarray) -> np.ndarray:
    """Weights (layers, heads, T, T) with T brought down to a tile: each entry the largest of those that it stands for."""
    layers, heads, total, _ = weights.shape
    side = max(1, min(total, TILE, int((PIXELS / (layers * heads)) ** 0.5)))
    edges = np.linspace(0, total, side, endpoint=False).astype(int)
    rows = np.maximum.reduceat(weights, edges, axis=2)
    return np.maximum.reduceat(rows, edges, axis=3)


def sheet(maps: np.ndarray, found: Sequence[Finding], say: Say) -> str:
    """Small maps (layers, heads, s, s) as one picture that can be pressed, and what was found as buttons beside it."""
    layers, heads, side, _ = maps.shape
    picture = inked(maps.swapaxes(1, 2).reshape(layers * side, heads * side))
    buttons = "".join(
        f'<button type="button" data-layer="{one.layer}" data-head="{one.head}">{escape(sentence(one, say))}</button>'
        for one in found
    )
    names = escape(say("heads.tile"))
    return (
        f'<figure class="heads" style="--layers:{layers};--heads:{heads}">'
        f'<div class="tiles" tabindex="0" role="group" data-layers="{layers}" data-heads="{heads}" data-name="{names}"'
        f' aria-label="{escape(say("heads.keys"))}"><img src="{data_uri(picture, NOTHING)}" alt="" draggable="false">'
        f'<span class="tile" hidden></span></div><output>{escape(say("heads.sheet", layers=layers, heads=heads))}</output>'
        f'<div class="found">{buttons}</div></figure>'
    )


def sentence(found: Finding, say: Say) -> str:
    """Which head, and where its weight lies."""
    place = say("heads.place", layer=found.layer + 1, head=found.head + 1)
    return place + say(f"heads.{found.kind}", share=f"{found.share:.0%}")
