"""What a template is: words with blanks, in two languages, for one kind of text; and the nearest to a wish.

The nearness is the share of the wish that a template has, counted in runs of one to three characters g, each weighted
by how rare it is among the N templates (Sparck Jones 1972),

    score = sum of idf(g) over g in both / sum of idf(g) over g in the wish,    idf(g) = log((N + 1) / (1 + n_g)),

where n_g templates contain g.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from string import Formatter

from pydantic import BaseModel, ConfigDict, model_validator

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import parse_yaml

FOLDER = Path(__file__).parent / "library"
LONGEST = 2000  # characters in one blank
LONGEST_WISH = 500
CHINESE = re.compile("[㐀-鿿]")


class Blank(BaseModel):
    """One place to fill: its label, an example that makes the template usable as it is, and the lines it needs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    example: str
    lines: int = 1


class Wording(BaseModel):
    """A template in one language. `text` asks a chat model; `opening` begins the text for a model that only goes on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    about: str
    system: str
    text: str
    opening: str
    fields: dict[str, Blank]

    @model_validator(mode="after")
    def _blanks_are_declared(self) -> "Wording":
        for words in (self.text, self.opening):
            used = {name for _, name, _, _ in Formatter().parse(words) if name is not None}
            if unknown := used - self.fields.keys():
                raise ValueError(f"{self.title}: no field for {', '.join(sorted(unknown))}")
        return self

    def fill(self, values: Mapping[str, str], opening: bool = False) -> str:
        """The prompt with every blank filled; an InputError that names a blank left empty or filled too long."""
        filled = {}
        for name, blank in self.fields.items():
            value = filled[name] = str(values.get(name) or "").strip()
            if not 0 < len(value) <= LONGEST:
                raise InputError(
                    en=f"Fill in “{blank.label}” of the template {self.title}, with at most {LONGEST} characters.",
                    zh=f"请填写模板“{self.title}”的“{blank.label}”，不超过 {LONGEST} 字。",
                )
        return (self.opening if opening else self.text).format_map(filled)


class Template(BaseModel):
    """One kind of text, with its wording in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    trade: str
    en: Wording
    zh: Wording

    def wording(self, lang: str) -> Wording:
        """The words in `lang` ("en" or "zh")."""
        return self.zh if lang == "zh" else self.en


@lru_cache(maxsize=1)
def all_templates() -> tuple[Template, ...]:
    """All templates, by id."""
    return tuple(
        Template(id=path.stem, **parse_yaml(path.read_text("utf-8")))
        for path in sorted(FOLDER.glob("*.yaml"))
    )


def find_template(template_id: str | None) -> Template:
    """The template with this id; an InputError that lists the ids where there is none."""
    for template in all_templates():
        if template.id == template_id:
            return template
    known, shown = ", ".join(template.id for template in all_templates()), str(template_id or "-")[:60]
    raise InputError(
        en=f"There is no template {shown}; there are {known}.",
        zh=f"没有模板 {shown}；可用的有 {known}。",
    )


def nearest(wish: str) -> list[tuple[Template, float]]:
    """All templates with their nearness to the wish in [0, 1], best first; an InputError where it is empty or too long."""
    wish = wish.strip()
    if not 0 < len(wish) <= LONGEST_WISH:
        raise InputError(
            en=f"Say in a few words what you want to write, at most {LONGEST_WISH} characters.",
            zh=f"请用几个词说明想写什么，不超过 {LONGEST_WISH} 字。",
        )
    scores = _scores(wish, "zh" if CHINESE.search(wish) else "en")
    return sorted(zip(all_templates(), scores, strict=True), key=lambda pair: -pair[1])


def _scores(wish: str, lang: str) -> list[float]:
    known = [_runs(_all_words(template.wording(lang))) for template in all_templates()]
    holders = Counter(run for runs in known for run in runs)
    weight = {run: math.log((len(known) + 1) / (1 + holders[run])) for run in _runs(wish)}
    total = sum(weight.values()) or 1.0
    return [sum(weight[run] for run in weight.keys() & runs) / total for runs in known]


def _all_words(wording: Wording) -> str:
    labels = " ".join(f"{blank.label} {blank.example}" for blank in wording.fields.values())
    return f"{wording.title} {wording.about} {wording.text} {labels}"


def _runs(text: str) -> set[str]:
    """Runs of one to three characters inside words, in lower case."""
    words = re.findall(r"\w+", text.casefold())
    return {
        word[start : start + n] for word in words for n in (1, 2, 3) for start in range(len(word) - n + 1)
    }
