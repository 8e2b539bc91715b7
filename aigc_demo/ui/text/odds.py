"""Texts on the page: each token underlined by its odds, and what else the model had in mind for a chosen one.

A token of probability p carries -log2 p bits, its surprisal (Shannon 1948). Three levels of it are told apart by
the colour and the shape of the underline, by the legend's words, and by the number that stands on hover.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape

from aigc_demo.actions import TextResult, TextSample
from aigc_demo.language.writers import is_verse
from aigc_demo.models.protocols import TokenChoice
from aigc_demo.schemas import TextRequest
from aigc_demo.ui.page.language import Say

Piece = tuple[str, int | None]  # text, and the token's place; None for what the reader gave
LEVELS = (("expected", 0.05), ("unusual", 0.005), ("surprising", 0.0))
MARKS = "，。"
ENDED = "</s>"


def level(probability: float | None) -> str:
    """The level of a token: "expected", "unusual" or "surprising"; "untold" where its model's server sends no odds."""
    if probability is None:
        return "untold"
    return next(name for name, least in LEVELS if probability >= least)


def surprisal(probability: float) -> float:
    """-log2 p in bits."""
    return -math.log2(max(probability, 1e-12))


def mean_bits(tokens: Sequence[TokenChoice]) -> float:
    """Mean surprisal of the tokens whose odds are known, in bits; 0 for none."""
    known = [surprisal(token.probability) for token in tokens if token.probability is not None]
    return sum(known) / max(1, len(known))


def said_bits(tokens: Sequence[TokenChoice], digits: int) -> str:
    """The mean surprisal in words; a dash where a server sent no odds."""
    untold = tokens and all(token.probability is None for token in tokens)
    return "–" if untold else f"{mean_bits(tokens):.{digits}f}"


def done_html(tokens: Sequence[TokenChoice], rate: float, say: Say) -> str:
    """The line under a finished text: how long it is, how fast it came, how surprising it was."""
    facts = say("text.done", tokens=len(tokens), rate=f"{rate:,.0f}", bits=said_bits(tokens, 2))
    return f'<p class="note">{escape(facts)}</p>'


def percent(probability: float | None) -> str:
    """34%, 1.2%, 0.04%, or <0.01%; a dash where it is not known."""
    if probability is None:
        return "–"
    if probability < 0.0001:
        return "<0.01%"
    digits = 0 if probability >= 0.0995 else 1 if probability >= 0.00995 else 2
    return f"{probability:.{digits}%}"


def texts(result: TextResult, say: Say) -> str:
    """All samples with their odds, and the legend; `data-sample` and `data-token` say what is chosen."""

    def body(place: int, sample: TextSample) -> str:
        heads = len(result.request.heads) if is_verse(result.card) else 0
        lines = _lines(_pieces(result, sample), is_verse(result.card))
        words = (_tokens(line, sample, at < heads) for at, line in enumerate(lines))
        label = escape(say("text.keys", place=place + 1))
        return f'<div class="body" role="group" aria-label="{label}">{_paragraphs(words)}</div>'

    def caption(place: int, sample: TextSample) -> str:
        seed, bits = result.request.seed + place, said_bits(sample.tokens, 1)
        return f'<p class="about">{say("text.own", place=place + 1, seed=seed, bits=bits)}</p>'

    return _frame(result, body, caption) + legend(say)


def prose(tokens: Sequence[TokenChoice], say: Say) -> str:
    """One text with its odds, and the legend: an answer, a translation."""
    return body_of(tokens, 0, say) + legend(say)


def body_of(tokens: Sequence[TokenChoice], sample: int, say: Say) -> str:
    """One of several texts with its odds; `sample` is its place among them."""
    words = "".join(_token(token, place, head=False) for place, token in enumerate(tokens))
    label = escape(say("text.keys", place=sample + 1))
    body = f'<div class="body" role="group" aria-label="{label}"><p>{words}</p></div>'
    samples = f'<div class="samples"><article data-sample="{sample}">{body}</article></div>'
    return f'<div class="texts prose alone">{samples}</div>'


def growing(text: str) -> str:
    """The same text while the model still writes."""
    body = f'<div class="body"><p>{escape(text)}<span class="caret"></span></p></div>'
    return f'<div class="texts prose alone"><div class="samples"><article>{body}</article></div></div>'


def plain_texts(result: TextResult) -> str:
    """The same while the model still writes: text alone, light enough to be sent ten times a second."""

    def body(place: int, sample: TextSample) -> str:
        lines = _lines(_pieces(result, sample), is_verse(result.card)) or [[]]
        words = ["".join(_plain(text, place is None) for text, place in line) for line in lines]
        if len(sample.tokens) < result.request.max_new_tokens and not sample.ended:
            words[-1] += '<span class="caret"></span>'
        return f'<div class="body">{_paragraphs(words)}</div>'

    return _frame(result, body, lambda place, sample: "")


def legend(say: Say) -> str:
    """What the underlines mean, in words."""
    entries = (f'<span class="{name}">{escape(say(f"text.legend_{name}"))}</span>' for name, _ in LEVELS)
    return f'<p class="legend">{"".join(entries)}</p>'


def alternatives(tokens: Sequence[TokenChoice], place: int, say: Say) -> str:
    """The likeliest tokens at one place as bars, with the one that was written marked."""
    token = tokens[place]
    if token.probability is None:
        return f'<p class="note choose">{escape(say("text.untold"))}</p>'
    rows = [(text, p, p == token.probability) for text, p in token.alternatives]
    if not any(written for *_, written in rows):
        rows.append((token.text, token.probability, True))
    rest = 1 - sum(p for _, p, _ in rows)
    longest = max(p for _, p, _ in rows)
    bars = "".join(_bar(visible(text, say), p, p / longest, written, say) for text, p, written in rows)
    others = f'<p class="others">{say("text.others", share=percent(max(rest, 0)))}</p>'
    facts = say(
        "text.token",
        place=place + 1,
        total=len(tokens),
        share=percent(token.probability),
        level=say(f"text.{level(token.probability)}"),
        bits=f"{surprisal(token.probability):.1f}",
    )
    head = f"<b>{escape(visible(token.text, say))}</b> {escape(facts)}"
    return f'<div class="alternatives"><p>{head}</p><ol aria-live="off">{bars}</ol>{others}</div>'


def visible(text: str, say: Say) -> str:
    """A token by itself: spaces, line ends and the end of the text made visible."""
    if text == ENDED:
        return say("text.end")
    return text.replace(" ", "␣").replace("▁", "␣").replace("\n", "↵") or "·"  # ▁ is SentencePiece's space


def _bar(name: str, probability: float, width: float, written: bool, say: Say) -> str:
    mark = f'<span class="written">✓ {escape(say("text.written"))}</span>' if written else ""
    return (
        f'<li class="{level(probability)}{" chosen" if written else ""}"><span class="name">{escape(name)}</span>'
        f'<span class="track"><span class="bar" style="width:{100 * width:.1f}%"></span></span>'
        f'<span class="share">{escape(percent(probability))}</span>{mark}</li>'
    )


def _frame(
    result: TextResult,
    body: Callable[[int, TextSample], str],
    caption: Callable[[int, TextSample], str],
) -> str:
    """The title, then each sample as a card; one sample alone stands free and large."""
    verse, alone = is_verse(result.card), len(result.samples) == 1
    cells = "".join(
        f'<article data-sample="{place}">{body(place, sample)}{"" if alone else caption(place, sample)}</article>'
        for place, sample in enumerate(result.samples)
    )
    title = _title(result.request) if verse else ""
    heading = f'<h2 class="title">{escape(title)}</h2>' if title else ""
    kind = f"{'verse' if verse else 'prose'} {'alone' if alone else 'many'}"
    lang = "zh" if verse else "en"
    return f'<div class="texts {kind}" lang="{lang}">{heading}<div class="samples">{cells}</div></div>'


def _title(request: TextRequest) -> str:
    return request.prompt.strip() if request.prompt_is == "title" else ""


def _pieces(result: TextResult, sample: TextSample) -> list[Piece]:
    """The opening that the reader gave, then the tokens."""
    opening = "" if _title(result.request) else result.request.prompt
    given = "".join(opening.split()) if is_verse(result.card) else opening
    texts_ = [(token.text, place) for place, token in enumerate(sample.tokens)]
    start: list[Piece] = (
        [(character, None) for character in given] if is_verse(result.card) else [(given, None)]
    )
    return [*start, *texts_]


def _lines(pieces: Sequence[Piece], verse: bool) -> list[list[Piece]]:
    """Lines of verse, each ending in its mark; prose is one paragraph."""
    lines: list[list[Piece]] = [[]]
    for piece in pieces:
        lines[-1].append(piece)
        if verse and piece[0] and piece[0] in MARKS:
            lines.append([])
    return [line for line in lines if line]


def _paragraphs(lines: Iterator[str] | Sequence[str]) -> str:
    return "".join(f"<p>{line}</p>" for line in lines)


def _plain(text: str, given: bool) -> str:
    """A piece without odds; a mark hangs beyond the line, so that verse is centred on its characters."""
    kind = "mark" if text and text in MARKS else "given" if given else ""
    return f'<span class="{kind}">{escape(text)}</span>' if kind else escape(text)


def _tokens(line: Sequence[Piece], sample: TextSample, acrostic: bool) -> str:
    """One line's tokens; the first token of a sample is the one that the Tab key reaches."""
    return "".join(
        _plain(text, given=True)
        if place is None
        else _token(sample.tokens[place], place, acrostic and column == 0)
        for column, (text, place) in enumerate(line)
    )


def _token(token: TokenChoice, place: int, head: bool) -> str:
    mark = " mark" if token.text and token.text in MARKS else ""
    reach = ' tabindex="0" role="button"' if place == 0 else ""
    return (
        f'<span class="{level(token.probability)}{mark}{" head" if head else ""}" data-token="{place}"{reach}'
        f' title="{escape(percent(token.probability))}">{escape(token.text)}</span>'
    )
