"""A text that writes itself token by token, with the odds of each: a poem in Chinese, prose in English."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import gradio as gr

from aigc_demo.actions import write_text
from aigc_demo.models.protocols import TokenChoice
from aigc_demo.provenance.documents import write_document
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import Request, TextRequest
from aigc_demo.ui.opening.exhibit import Exhibit, made_by
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.language import LOCALES, Say, Words
from aigc_demo.ui.text import odds

RIVALS = 3
PACE = {"verse": 0.32, "prose": 0.17}  # seconds a token


class Write(Exhibit):
    """Recorded as zh.json and en.json: the labelled text, and its tokens as they are shown."""

    name = "write"
    task = "text"
    asked: ClassVar[Mapping[str, Request]] = {
        "en": TextRequest(
            model="gpt-austen", prompt="She was", prompt_is="opening", max_new_tokens=60,
            temperature=0.6, top_k=20, top_p=0.9, repetition_penalty=1.05, seed=1,
        ),
        "zh": TextRequest(
            model="gpt-poems", prompt="登高", form="wujue", temperature=0.7, top_k=20, top_p=0.9,
            repetition_penalty=1.1, drafts=8, seed=11,
        ),
    }  # fmt: skip

    def record(self, cache: ModelCache, lang: str) -> Mapping[str, bytes]:
        """The text with, of every token, its level, its odds, and the likeliest tokens in its place."""
        request = self.asked[lang]
        *_, result = write_text(request, cache)
        tokens, say = result.samples[0].tokens, Words().translator(lang)
        verse = odds.is_verse(result.card)
        given = "" if verse else request.prompt
        text = given + "".join(token.text for token in tokens if token.text != odds.ENDED)
        labelled = json.loads(write_document(text, ".json", made_by(request, cache.settings)))
        shown = {
            "verse": verse,
            "pace": PACE["verse" if verse else "prose"],
            "title": request.prompt if verse else "",
            "given": given,
            "tokens": [as_shown(token, say) for token in tokens],
        }
        return {f"{lang}.json": json.dumps({**labelled, **shown}, ensure_ascii=False).encode()}

    def stage(self, context: Context) -> gr.HTML:
        """The text, and beside it what else the model had in mind."""
        files = {lang: self.address(f"{self.shown_in(lang, context.settings)}.json") for lang in LOCALES}
        addresses = " ".join(f'data-{lang}="{address}"' for lang, address in files.items())
        return gr.HTML(
            None,
            html_template=f'<div class="writing" {addresses}><div class="texts"></div>'
            '<div class="alternatives" aria-hidden="true"><ol></ol></div></div>',
            js_on_load=self.script(),
        )

    def words_html(self, say: Say, shown: str) -> str:
        """The sentence, and what the underlines mean."""
        return odds.legend(say) + super().words_html(say, shown)


def as_shown(token: TokenChoice, say: Say) -> dict[str, Any]:
    """One token, and rows for the likeliest ones in its place and for itself: name, odds as they are said, p, whether written."""
    rows = [(text, p, text == token.text) for text, p in token.alternatives[:RIVALS]]
    if not any(written for *_, written in rows):
        rows.append((token.text, token.probability or 0.0, True))
    return {
        "text": "" if token.text == odds.ENDED else token.text,
        "level": odds.level(token.probability),
        "said": odds.percent(token.probability),
        "rivals": [
            [odds.visible(text, say), odds.percent(p), round(p, 4), int(written)] for text, p, written in rows
        ],
    }
