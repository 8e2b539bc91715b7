"""Models as a list to choose from: what is here, what the catalogue names, what the hub found; filtered, then drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from aigc_demo.core.words import Text, first_sentence
from aigc_demo.ui.page.language import Words
from aigc_demo.ui.page.no_model import bytes_said

Fit = Literal["fits", "tight", "no", ""]
FREE_LICENCES = (
    "apache-2.0", "mit", "bsd", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "isc", "unlicense",
)  # fmt: skip
SIZES = {"any": 0, "500": 500 * 10**6, "2000": 2 * 10**9, "10000": 10 * 10**9}  # at most so many bytes
SHOWN = 60
LISTED = Text(", ", "、")  # between the items of a list


@dataclass(frozen=True)
class Entry:
    """One model in the list. `size` in bytes, 0 where nobody has said; `here`: it can be used now; an adapter's `base`.

    summary: what it does for the reader, where that is known.
    """

    id: str
    title: Text | None
    tasks: tuple[str, ...]
    licence: str
    size: int = 0
    gated: bool = False
    here: bool = False
    fit: Fit = ""
    base: str = ""
    summary: Text | None = None


@dataclass(frozen=True)
class Filters:
    """What the reader looks for; an empty value, and "any", let everything through."""

    words: str = ""
    task: str | Literal["any"] = "any"
    licence: Literal["any", "free", "open"] = "any"
    size: str = "any"
    fits: bool = False

    def let_through(self, entry: Entry) -> bool:
        """Whether a model is what the reader looks for. A size that nobody has said is let through, an unknown fit not."""
        text = " ".join([entry.id, *((entry.title.en, entry.title.zh) if entry.title else ())]).casefold()
        limit = SIZES.get(self.size, 0)
        return (
            all(word in text for word in self.words.casefold().split())
            and (self.task in ("any", "", None) or self.task in entry.tasks)
            and (self.licence != "free" or is_free(entry.licence))
            and (self.licence != "open" or not entry.gated)
            and (not limit or entry.size <= limit)
            and (not self.fits or entry.fit in ("fits", "tight"))
        )


def is_free(licence: str) -> bool:
    """Whether a licence lets anybody use and change the model for anything; of several, all must."""
    names = [name.strip().casefold() for name in licence.replace(";", ",").split(",") if name.strip()]
    return bool(names) and all(name.split(" ")[0] in FREE_LICENCES for name in names)


def tasks_said(tasks: Sequence[str], words: Words, lang: str) -> str:
    """What a model does, in words."""
    return LISTED.say(lang).join(
        words.say(f"task.{task}", lang) for task in tasks if f"task.{task}" in words.tables[lang]
    )


def list_html(entries: Sequence[Entry], chosen: str, words: Words, lang: str) -> str:
    """The models as buttons that can be picked: name, what it does, size and licence, and how it stands."""
    rows = "".join(_row(i, entry, entry.id == chosen, words, lang) for i, entry in enumerate(entries[:SHOWN]))
    more = len(entries) - SHOWN
    note = f'<p class="note">{words.say("models.more", lang, count=more)}</p>' if more > 0 else ""
    return f'<div class="models">{rows}</div>{note}'


def _row(index: int, entry: Entry, chosen: bool, words: Words, lang: str) -> str:
    facts = [
        entry.id if entry.title else "",
        bytes_said(entry.size) if entry.size else "",
        entry.licence if entry.licence not in ("", "unknown") else words.say("models.licence_unknown", lang),
    ]
    if entry.base:
        does = words.say("models.adapter_of", lang, base=entry.base)
    elif entry.summary:
        does = first_sentence(entry.summary.say(lang))[0]
    else:
        does = tasks_said(entry.tasks, words, lang)
    marks = [name for name in ("here", "gated") if getattr(entry, name)]
    marks += [f"fit_{entry.fit}"] if entry.fit in ("tight", "no") else []
    badges = "".join(
        f'<span class="badge {name}">{words.say(f"models.mark.{name}", lang)}</span>' for name in marks
    )
    name = entry.title.say(lang) if entry.title else entry.id
    return (
        f'<button type="button" data-index="{index}" aria-pressed="{str(chosen).lower()}">'
        f'<span class="name">{escape(name)}</span>{badges}<span class="title">{escape(does)}</span>'
        f'<span class="about">{escape(" · ".join(fact for fact in facts if fact))}</span></button>'
    )
