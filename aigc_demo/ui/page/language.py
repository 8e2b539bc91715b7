"""Chinese and English: the words of the page, and whose turn it is to read which.

The browser translates labels (gr.I18n), the server translates what it says itself (results, errors, toasts).
Both must agree, so a small script, put into the page before Gradio's own, settles the language once: `?lang=`, else
the visitor's last choice, else the setting, else the browser's. It tells Gradio by navigator.language and the server by
a cookie.
"""

import hashlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, get_args

import gradio as gr

from aigc_demo.core.words import label_of, parse_yaml
from aigc_demo.data.imports import ImportRequest
from aigc_demo.jobs import TrainRequest
from aigc_demo.jobs.sweep.request import SweepPlan
from aigc_demo.models.family import families
from aigc_demo.schemas import REQUESTS

COOKIE = "aigc_lang"
LOCALES = {"en": "en", "zh": "zh-CN"}
Say = Callable[..., str]  # the words under a key, in one language


class Words:
    """All words of the page: the files in ui/i18n/en and zh, and the labels and helps of the requests' fields."""

    def __init__(self) -> None:
        folder = Path(__file__).parents[1] / "i18n"
        self.tables = {lang: _read_words(folder / lang) for lang in LOCALES}
        for task, request_type in {
            **REQUESTS,
            "data": ImportRequest,
            "train": TrainRequest,
            "sweep": SweepPlan,
        }.items():
            for name in request_type.model_fields:
                words = label_of(request_type, name)
                for lang, table in self.tables.items():
                    table[f"{task}.{name}"] = words.say(lang)
                    table[f"{task}.{name}.help"] = words.help.say(lang)
        for row in families().values():
            for lang, table in self.tables.items():
                table[f"choice.{row.name}"] = row.title.say(lang)
        self.i18n = gr.I18n(**{LOCALES[lang]: table for lang, table in self.tables.items()})

    def choice(self, name: str, value: str) -> str:
        """The key of the words for a value of a field: the field's own, or those of all fields that take it."""
        own = f"choice.{name}.{value}"
        return own if own in self.tables["en"] else f"choice.{value}"

    def __call__(self, key: str) -> Any:
        """The words under `key`, translated by the browser; a KeyError where they are missing in a language."""
        for table in self.tables.values():
            table[key]
        return self.i18n(key)

    def both(self, en: str, zh: str) -> Any:
        """Words that are not in the tables, such as a card's or a lesson's, translated by the browser."""
        key = "text." + hashlib.sha1(en.encode()).hexdigest()[:12]
        self.tables["en"][key], self.tables["zh"][key] = en, zh
        return self.i18n(key)

    def say(self, key: str, lang: str, **values: Any) -> str:
        """The words under `key` in `lang`, with `{name}` places filled in."""
        return self.tables[lang][key].format(**values)

    def translator(self, lang: str) -> Say:
        """`say` in one language."""
        return partial(self.say, lang=lang)


def _read_words(folder: Path) -> dict[str, str]:
    """The words of all files of a language."""
    table: dict[str, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        table |= _flat(parse_yaml(path.read_text("utf-8")))
    return table


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """{"a": {"b": "x"}} to {"a.b": "x"}."""
    flat: dict[str, str] = {}
    for key, value in tree.items():
        flat.update(
            _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": str(value)}
        )
    return flat


def literal_choices(request_type: Any, field: str) -> list[str]:
    """The values of a Literal field, in order."""
    return list(get_args(request_type.model_fields[field].annotation))


def language_of(visitor: gr.Request | None, setting: str = "auto") -> str:
    """ "zh" or "en": the page's `?lang=`, its cookie, the setting, the browser's first language, English."""
    if visitor is None:
        return "en" if setting == "auto" else setting
    wanted = visitor.query_params.get("lang") or visitor.cookies.get(COOKIE)
    if not wanted:
        wanted = setting if setting != "auto" else visitor.headers.get("accept-language", "en")
    return "zh" if wanted.lower().startswith("zh") else "en"


def language_script(setting: str, words: dict[str, dict[str, Any]]) -> str:
    """The script that settles the language before Gradio's own starts; `words` by language are for those of the page."""
    return f"""<script>(() => {{
  const known = /^(zh|en)/i, stored = (() => {{ try {{ return localStorage.getItem("{COOKIE}") }} catch {{ return null }} }})();
  const asked = new URLSearchParams(location.search).get("lang");
  const setting = {json.dumps("" if setting == "auto" else setting)};
  const wanted = [asked, stored, setting, navigator.language].find((x) => x && known.test(x)) || "en";
  const lang = /^zh/i.test(wanted) ? "zh" : "en";
  const locale = {json.dumps(LOCALES)}[lang];
  if (asked) try {{ localStorage.setItem("{COOKIE}", lang) }} catch {{}}
  document.cookie = `{COOKIE}=${{lang}}; path=/; SameSite=Lax; max-age=31536000`;
  Object.defineProperty(navigator, "language", {{ get: () => locale }});
  Object.defineProperty(navigator, "languages", {{ get: () => [locale] }});
  document.documentElement.lang = locale;
  window.aigcWords = {json.dumps(words, ensure_ascii=False)}[lang];
}})()</script>"""
