"""Words in two languages."""

from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True)
class Words:
    """A field's label and help, in English and Chinese."""

    en: str
    zh: str
    help_en: str = ""
    help_zh: str = ""

    def label(self, lang: str) -> str:
        """The label in `lang`."""
        return self.zh if lang == "zh" else self.en

    def help(self, lang: str) -> str:
        """What the field does, in a sentence."""
        return self.help_zh if lang == "zh" else self.help_en


class Bilingual(BaseModel):
    """The same words in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    en: str
    zh: str

    def say(self, lang: str) -> str:
        """The words in `lang` ("en" or "zh")."""
        return self.zh if lang == "zh" else self.en


def words_of(request_type: type[BaseModel], field: str) -> Words:
    """Label and help of a field; the bare field name where it has none."""
    for item in request_type.model_fields[field].metadata:
        if isinstance(item, Words):
            return item
    return Words(field, field)


def parse_yaml(text: str) -> Any:
    """Plain values from YAML, by libyaml where it is there: the page reads hundreds of lines as it starts."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
