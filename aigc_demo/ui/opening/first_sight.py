"""The Start tab's text in the page's first answer: it writes itself while the browser still puts the page together.

No component and no request: HTML whose tokens appear one after another by CSS, which goes on while scripts are busy. It
makes way for the tab's own exhibit, which goes on at the token where this one is.
"""

import json
from collections.abc import Callable, Sequence
from html import escape
from string import Template
from typing import Any

from aigc_demo.core.settings import Settings
from aigc_demo.ui.opening.exhibit import Exhibit
from aigc_demo.ui.opening.write import Write
from aigc_demo.ui.page.language import Words
from aigc_demo.ui.page.shell import header_html
from aigc_demo.ui.page.theme import asset


def first_sight(exhibits: Sequence[Exhibit], words: Words, settings: Settings) -> Callable[[str], str]:
    """What gives the HTML in a language; nothing where the text is not among the exhibits of the page."""
    exhibit = next((one for one in exhibits if isinstance(one, Write)), None)

    def html(lang: str) -> str:
        if exhibit is None:
            return ""
        say, shown = words.translator(lang), exhibit.shown_in(lang, settings)
        text = json.loads((exhibit.folder / f"{shown}.json").read_text("utf-8"))
        return Template(asset("first_sight.html")).substitute(
            header=header_html(escape(say("shell.tagline"))),
            text=text_html(text),
            said=exhibit.words_html(say, shown),
            style=asset("first_sight.css"),
            script=asset("first_sight.js"),
        )

    return html


def text_html(text: dict[str, Any]) -> str:
    """The recorded text; every token knows when it comes, in seconds."""
    lines, line = [], [f'<span class="given">{escape(text["given"])}</span>']
    for index, token in enumerate(text["tokens"]):
        mark = " mark" if text["verse"] and token["text"] in ("，", "。") else ""
        at = f"animation-delay:{index * text['pace']:.2f}s"
        line.append(f'<span class="token {token["level"]}{mark}" style="{at}">{escape(token["text"])}</span>')
        if mark:
            lines, line = [*lines, line], []
    body = "".join(f"<p>{''.join(line)}</p>" for line in [*lines, line] if line)
    title = f'<h2 class="title">{escape(text["title"])}</h2>' if text["title"] else ""
    kind, lang = ("verse", "zh") if text["verse"] else ("prose", "en")
    return f'<div class="texts alone {kind}" lang="{lang}">{title}<div class="body">{body}</div></div>'
