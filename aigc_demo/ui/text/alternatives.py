"""What else the model had in mind at one place: bars that a hand reshapes, and from each the text can go on.

The browser does the reshaping (assets/tokens.js), from the summary of the whole distribution that came with the token
(language/odds.py says how exact it is). The bars are exact but for rounding; where a cut by top-k or top-p falls behind
the 64 likeliest tokens, the place of the cut is right to a part of a bin.
"""

from collections.abc import Sequence
from html import escape
from typing import Any

from aigc_demo.models.protocols import TokenChoice
from aigc_demo.ui.page.language import Say
from aigc_demo.ui.text.odds import ENDED, level, percent, surprisal, visible

GO_ON = """element.setAttribute('aria-live', 'polite');
watch('value', () => requestAnimationFrame(() => aigcTokens.reshape(element)));
element.addEventListener('click', (event) => {
  const button = event.target.closest('button.go-on');
  if (!button) return;
  const { sample, token } = button.closest('.alternatives').dataset;
  trigger('select', { sample: Number(sample), token: Number(token), choice: Number(button.dataset.choice) });
});"""
# Of a slider the name in the words, its bounds and step, and where it changes nothing.
SLIDERS = (("temperature", 0, 2, 0.05, 1), ("top_k", 0, 100, 1, 0), ("top_p", 0.05, 1, 0.05, 1))


def alternatives(
    tokens: Sequence[TokenChoice],
    place: int,
    say: Say,
    sample: int = 0,
    asked: Any = None,
    goes_on: bool = False,
) -> str:
    """The likeliest tokens at one place as bars, the one that was written marked.

    asked: the request, whose sampler's settings can be laid over them. goes_on: the text can be taken up from here.
    """
    token = tokens[place]
    if token.probability is None:
        return f'<p class="note choose">{escape(say("text.untold"))}</p>'
    rows = [(text, p, rank) for rank, (text, p) in enumerate(token.alternatives)]
    written = next((rank for _, p, rank in rows if p == token.probability), len(rows))
    if written == len(rows):
        rows.append((token.text, token.probability, token.rank))
    longest = max(p for _, p, _ in rows)
    bars = "".join(
        _bar(row, longest, at == written, at if goes_on and can_go_on(row[0]) else None, say)
        for at, row in enumerate(rows)
    )
    rest = percent(max(1 - sum(p for _, p, _ in rows), 0))
    facts = say(
        "text.token",
        place=place + 1,
        total=len(tokens),
        share=percent(token.probability),
        level=say(f"text.{level(token.probability)}"),
        bits=f"{surprisal(token.probability):.1f}",
    )
    head = f"<b>{escape(visible(token.text, say))}</b> {escape(facts)}"
    words = {"rest": say("tokens.rest"), "cut": say("tokens.cut"), "gone": say("tokens.gone")}
    data = {"sample": sample, "token": place, "spread": token.spread, **words}
    attributes = " ".join(f'data-{name}="{escape(str(value))}"' for name, value in data.items())
    return (
        f'<div class="alternatives" {attributes}><p>{head}</p><ol aria-live="off">{bars}</ol>'
        f'<p class="others">{escape(say("tokens.rest").replace("SHARE", rest))}</p>'
        f"{_sliders(asked, say) if token.spread else _own(say)}</div>"
    )


def can_go_on(text: str) -> bool:
    """Whether a token is text that a beginning can end in: no control token, no part of a character."""
    control = len(text) > 2 and text[0] == "<" and text[-1] == ">"
    return bool(text) and text != ENDED and not control and "\ufffd" not in text


def beginning(tokens: Sequence[TokenChoice], place: int, choice: int) -> str | None:
    """The text up to a place, with another token there; None for what was never offered."""
    if not 0 <= place < len(tokens) or not 0 <= choice < len(tokens[place].alternatives):
        return None
    text = tokens[place].alternatives[choice][0]
    return "".join(token.text for token in tokens[:place]) + text if can_go_on(text) else None


def _bar(row: tuple[str, float, int], longest: float, written: bool, choice: int | None, say: Say) -> str:
    text, probability, rank = row
    name = visible(text, say)
    if written:
        end = f'<span class="written">✓ {escape(say("text.written"))}</span>'
    elif choice is not None:
        label = escape(say("tokens.go_on_with", token=name))
        end = f'<button type="button" class="go-on" data-choice="{choice}" aria-label="{label}">{escape(say("tokens.go_on"))}</button>'
    else:
        end = ""
    return (
        f'<li class="{level(probability)}{" chosen" if written else ""}" data-p="{probability:.9g}" data-rank="{rank}">'
        f'<span class="name">{escape(name)}</span>'
        f'<span class="track"><span class="bar" style="width:{100 * probability / longest:.1f}%"></span></span>'
        f'<span class="share">{escape(percent(probability))}</span>{end}</li>'
    )


def _sliders(asked: Any, say: Say) -> str:
    """The sampler's settings to play with; the ends of the text that was asked for on a button."""
    rows = "".join(
        f'<label>{escape(say(f"text.{name}"))}<input type="range" name="{name}" min="{low}"'
        f' max="{max(high, getattr(asked, name, low))}" step="{step}" value="{off}"><output>{off}</output></label>'
        for name, low, high, step, off in SLIDERS
    )
    off = " ".join(str(one) for *_, one in SLIDERS)
    buttons = f'<button type="button" data-set="{off}">{escape(say("tokens.own"))}</button>'
    if hasattr(asked, "top_p"):
        values = " ".join(f"{getattr(asked, name):g}" for name, *_ in SLIDERS)
        buttons += f'<button type="button" data-set="{values}">{escape(say("tokens.asked"))}</button>'
    return (
        f'<fieldset class="reshape"><legend>{escape(say("tokens.reshape"))}</legend>{rows}<div class="sets">{buttons}</div>'
        f'</fieldset><p class="others">{escape(say("tokens.exact"))}</p>'
    )


def _own(say: Say) -> str:
    """What is said where the whole distribution is not known."""
    return f'<p class="others">{escape(say("tokens.before"))}</p>'
