"""A data set as it looks on the page before one trains on it: what is in it, what was left out and why."""

import base64
from collections.abc import Sequence
from html import escape

from aigc_demo.data import DataCard
from aigc_demo.data.imports import Manifest, Preview
from aigc_demo.data.imports.manifest import Remark
from aigc_demo.provenance.carrying import NOTHING
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.language import Words

LISTED = 40  # refused files and pairs of duplicates that are named one by one


def own_html(manifest: Manifest, preview: Preview, words: Words, lang: str) -> str:
    """An own data set: first pictures or texts, counts, sizes, what was refused, what is nearly the same."""
    return "".join(
        [
            f'<p class="note prose">{escape(manifest.title(lang))}</p>',
            _sheet(preview, lang) if len(preview.pictures) else _texts(preview.texts),
            _counts(manifest, words, lang),
            _said(manifest.remarks, "train.remarks", words, lang),
            _said(manifest.refused, "train.refused", words, lang),
            _duplicates(manifest, words, lang),
        ]
    )


def card_html(card: DataCard, here: bool, words: Words, lang: str) -> str:
    """A data set of the catalogue: its title, what such data look like, its terms, source and classes."""
    facts = [
        (words.say("data.licence", lang), card.licence),
        (words.say("train.credit", lang), card.credit),
        (
            words.say("train.counts", lang),
            " · ".join(f"{name} {count:,}" for name, count in card.counts.items()),
        ),
        (words.say("train.classes", lang), ", ".join(card.classes.get(lang, []))),
    ]
    key = "train.data_here" if here else "" if card.needs_network else "train.data_made"
    note = f'<p class="note">{escape(words.say(key, lang))}</p>' if key else ""
    return f'<p class="note prose">{escape(card.title.say(lang))}</p>{_look(card, words, lang)}{_list(facts)}{note}'


def _look(card: DataCard, words: Words, lang: str) -> str:
    """The look that ships with the app."""
    look = card.look()
    if look.sheet is None:
        return _texts(look.texts)
    data = base64.b64encode(look.sheet.read_bytes()).decode()
    name = escape(f"{card.id}: {words.say('train.look_example', lang)}")
    return f'<img class="look pixelated" src="data:image/webp;base64,{data}" alt="{name}">'


def size(count: int) -> str:
    """Bytes in words: "3.2 MB", "12 kB"."""
    return (
        f"{count / 1e6:.1f} MB"
        if count >= 1e6
        else f"{max(count / 1e3, 0.1):.{0 if count >= 1e4 else 1}f} kB"
    )


def _sheet(preview: Preview, lang: str) -> str:
    """The first pictures, classes under them."""
    captions = [caption.say(lang) for caption in preview.captions]
    shown = list(preview.pictures)
    names = captions or [str(i + 1) for i in range(len(shown))]
    return pictures.sheet(shown, min(8, len(shown)), captions or [""] * len(shown), names, NOTHING)


def _texts(texts: Sequence[str]) -> str:
    """The beginnings of the first documents."""
    return '<div class="documents">' + "".join(f"<p>{escape(text)}</p>" for text in texts[:4]) + "</div>"


def _counts(manifest: Manifest, words: Words, lang: str) -> str:
    say = words.say
    facts = [
        (say("labels.given", lang), f"{manifest.ai_generated:,}" if manifest.ai_generated else ""),
        (say("train.split", lang), _split(manifest, words, lang)),
        (say("train.bytes", lang), size(sum(file.bytes for file in manifest.files))),
        (say("data.licence", lang), manifest.licence),
    ]
    sides = [(file.width, file.height) for file in manifest.files if file.width]
    if sides:
        low, high = min(sides, key=min), max(sides, key=max)
        facts.insert(1, (say("train.sizes", lang), f"{low[0]} × {low[1]} – {high[0]} × {high[1]}"))
    if len(manifest.classes) > 1:
        shares = " · ".join(f"{name} {manifest.class_counts.get(name, 0)}" for name in manifest.classes)
        facts.insert(0, (say("train.classes", lang), shares))
    return _list(facts)


def _split(manifest: Manifest, words: Words, lang: str) -> str:
    """How many are trained on and how many held out; of a few texts, which part of each."""
    if manifest.kind == "text" and any(file.split == "both" for file in manifest.files):
        share = float(manifest.settings.get("validation_share", 0.1))
        return words.say("train.held_out_ends", lang, share=f"{share:.0%}")
    return words.say("train.train_test", lang, **_both(manifest.counts))


def _both(counts: dict[str, int]) -> dict[str, str]:
    return {name: f"{counts.get(name, 0):,}" for name in ("train", "test")}


def _said(said: Sequence[Remark], key: str, words: Words, lang: str) -> str:
    """What is said of single files, under a title that counts them."""
    if not said:
        return ""
    rows = "".join(
        f"<li><b>{escape(remark.name)}</b> {escape(remark.say(lang))}</li>" for remark in said[:LISTED]
    )
    title = words.say(key, lang, count=len(said))
    return f'<details class="refused" open><summary>{title}</summary><ul>{rows}</ul></details>'


def _duplicates(manifest: Manifest, words: Words, lang: str) -> str:
    if not manifest.duplicates:
        return ""
    pairs = "".join(f"<li>{escape(one)} = {escape(two)}</li>" for one, two in manifest.duplicates[:LISTED])
    dropped = any(file.split == "dropped" for file in manifest.files)
    key = "train.duplicates_dropped" if dropped else "train.duplicates_kept"
    return f'<details class="refused"><summary>{words.say(key, lang, count=len(manifest.duplicates))}</summary><ul>{pairs}</ul></details>'


def _list(facts: Sequence[tuple[str, str]]) -> str:
    rows = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts if value
    )
    return f'<dl class="measured">{rows}</dl>'
