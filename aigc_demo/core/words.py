"""The one way to hold a sentence: in English and in Chinese, side by side, so that neither is forgotten."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True)
class Text:
    """The same words in both languages. In a pydantic model it is an object of exactly these two strings."""

    en: str
    zh: str

    __pydantic_config__ = ConfigDict(extra="forbid")

    def say(self, lang: str) -> str:
        """The words in `lang`: Chinese for "zh", English for anything else."""
        return self.zh if lang == "zh" else self.en

    def format(self, **values: Any) -> "Text":
        """The words with their `{name}` places filled in; a value that is itself a Text in its own language."""
        return Text(*(getattr(self, lang).format(**_said(values, lang)) for lang in ("en", "zh")))

    def __bool__(self) -> bool:
        """Whether anything is said."""
        return bool(self.en or self.zh)


@dataclass(frozen=True)
class FieldLabel(Text):
    """What a field is called, and in `help` what it does."""

    help: Text = Text("", "")


NO_TEXT = Text("", "")


def joined(texts: Iterable[Text | None], en: str = " ", zh: str = "") -> Text:
    """What several say as one, with `en` or `zh` between them."""
    said = [text for text in texts if text]
    return Text(en.join(text.en for text in said), zh.join(text.zh for text in said))


def first_sentence(text: str) -> tuple[str, str]:
    """The first sentence of a text in either language, and the rest."""
    found = re.match(r"(.+?(?:[.!?](?=\s)|[。！？]))\s*(.*)", text, re.DOTALL)
    return (found[1], found[2]) if found else (text, "")


def _said(values: dict[str, Any], lang: str) -> dict[str, Any]:
    return {name: value.say(lang) if isinstance(value, Text) else value for name, value in values.items()}


def plain(text: Text | None) -> dict[str, str]:
    """A sentence for a program: both languages; empty for none."""
    return asdict(text) if text else {}


def label_of(request_type: type[BaseModel], field: str) -> FieldLabel:
    """Label and help of a field; the bare field name where it has none."""
    for item in request_type.model_fields[field].metadata:
        if isinstance(item, FieldLabel):
            return item
    return FieldLabel(field, field)


def parse_yaml(text: str) -> Any:
    """Plain values from YAML, by libyaml where it is there: the page reads hundreds of lines as it starts."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
