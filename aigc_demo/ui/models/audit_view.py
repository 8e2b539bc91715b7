"""A closer look at a model as the page shows it. Pure functions to HTML."""

from html import escape

from aigc_demo.actions.audit import Pair, PictureAudit, TextAudit
from aigc_demo.actions.audit.pictures import VOTERS
from aigc_demo.provenance import Provenance
from aigc_demo.provenance.carrying import NOTHING
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.language import Words


def audit_html(found: PictureAudit | TextAudit, words: Words, lang: str) -> str:
    """The verdict first, then figures, what they are made of, and what they cannot tell."""
    level = words.say(f"probe.level.{found.level}", lang)
    body = _pictures if isinstance(found, PictureAudit) else _texts
    return f'<div class="probe"><p class="verdict {found.level}" role="status">{escape(level)}</p>{body(found, words, lang)}</div>'


def _pictures(found: PictureAudit, words: Words, lang: str) -> str:
    facts = {
        "samples": str(found.count),
        "compared": f"{found.compared:,}",
        "copies": _share(found.copies),
        "copies_held_out": _share(found.copies_held_out),
        "ratio": f"{found.nearest_ratio:.2f}",
        "tv": _share(found.total_variation),
        "tv_held_out": _share(found.total_variation_held_out),
        "accuracy": _share(found.vote_accuracy),
        "as_asked": _share(found.as_asked),
    }
    smallest = f"{3 / found.count:.1%}"  # of which three are expected, so that one is seen in 19 of 20 looks
    limits = words.say("probe.limits_pictures", lang, count=found.count, smallest=smallest)
    return f"{_facts(facts, words, lang)}{_shares(found, words, lang)}{_pairs(found.pairs, words, lang)}{_note(limits)}"


def _texts(found: TextAudit, words: Words, lang: str) -> str:
    held_out = found.longest_held_out
    facts = {
        "texts": str(found.count),
        "characters": f"{found.characters:,}",
        "compared_text": f"{found.compared:,}",
        "longest": str(len(found.longest)),
        "longest_held_out": "" if held_out is None else str(held_out),
        "windows": _share(found.copies),
        "windows_held_out": _share(found.copies_held_out),
    }
    passage = _note(words.say("probe.passage", lang)) + f"<blockquote>{escape(found.longest)}</blockquote>"
    limits = _note(words.say("probe.limits_texts", lang))
    return f"{_facts(facts, words, lang)}{passage if found.longest else ''}{limits}"


def _facts(facts: dict[str, str], words: Words, lang: str) -> str:
    """Figures under their names; those that there are."""
    rows = "".join(
        f"<div><dt>{escape(words.say(f'probe.{name}', lang))}</dt><dd>{escape(value)}</dd></div>"
        for name, value in facts.items()
        if value
    )
    return f'<dl class="measured">{rows}</dl>'


def _shares(found: PictureAudit, words: Words, lang: str) -> str:
    """Each class's share in the training pictures and among the samples, as a table with bars."""
    if found.trained is None or found.generated is None:
        return ""
    most = max(*found.trained, *found.generated)
    heads = "".join(
        f'<th scope="col">{escape(words.say(f"probe.{name}", lang))}</th>'
        for name in ("class", "trained", "generated")
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{_bar(trained, most)}{_bar(generated, most)}</tr>'
        for name, trained, generated in zip(
            found.card.classes[lang], found.trained, found.generated, strict=True
        )
    )
    caption = escape(words.say("probe.shares", lang, voters=VOTERS))
    return f"<table><caption>{caption}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _bar(share: float, most: float) -> str:
    return f'<td><i style="width:{60 * share / most:.0f}%"></i>{share:.1%}</td>'


def _pairs(pairs: list[Pair], words: Words, lang: str) -> str:
    """Samples beside the training pictures nearest to them."""
    made, known = (words.say(f"probe.{name}", lang) for name in ("sample", "training"))

    def picture(pixels: object, name: str, said: Provenance | None = None) -> str:
        style = pictures.rendering(pixels)
        return f'<span><img style="{style}" src="{pictures.data_uri(pixels, said)}" alt="{escape(name)}">{escape(name)}</span>'

    cells = "".join(
        f"<figure>{picture(pair.sample, made)}{picture(pair.training, known, NOTHING)}"
        f"<figcaption>{escape(words.say('probe.ratio_said', lang, ratio=f'{pair.ratio:.2f}'))}</figcaption></figure>"
        for pair in pairs
    )
    return f'{_note(words.say("probe.pairs", lang))}<div class="pairs">{cells}</div>'


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"
