"""All that a file or a text shows about its making, each layer by itself: what it says, its signature, its hidden marks."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from aigc_demo import provenance
from aigc_demo.actions.watermark import TextFinding, find_text_mark
from aigc_demo.core.encodings import read_text
from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.media import open_picture
from aigc_demo.provenance import Provenance, Recipe
from aigc_demo.provenance.c2pa_reader import UNKNOWN, Manifest, read_manifest
from aigc_demo.provenance.documents import body_of
from aigc_demo.provenance.policy import own_signer
from aigc_demo.provenance.reader import read_said
from aigc_demo.provenance.schema import TEXTS
from aigc_demo.provenance.watermark import image
from aigc_demo.provenance.watermark.keys import mark_key
from aigc_demo.runtime import registry
from aigc_demo.schemas.verify import MAX_TEXT

MIME = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WebP": "image/webp",
    "GIF": "image/gif",
    "MP4": "video/mp4",
    "WAV": "audio/wav",
}
PICTURES = {"PNG", "JPEG", "WebP"}  # kinds that carry the hidden mark
Weights = Literal["same", "other", "absent"]


@dataclass(frozen=True)
class Layers:
    """What was found.

    said        label, source type and recipe, with the reader's notes
    weights     the recipe's weights against the model of that name here; None without a recipe
    manifest    the C2PA manifest
    pixels      the mark in a picture's pixels; None for what is no picture that could be opened
    words       the mark in a text, by each model's tokenizer, the greenest first; None for what is no text
    """

    said: Provenance
    weights: Weights | None = None
    manifest: Manifest = UNKNOWN
    pixels: image.Finding | None = None
    words: tuple[TextFinding, ...] | None = None

    def facts(self) -> dict[str, Any]:
        """All of it for a program."""
        return {
            "ai_generated": self.said.ai_generated,
            **self.said.model_dump(mode="json", exclude={"notes"}),
            "weights": self.weights,
            "c2pa": self.manifest.model_dump(mode="json"),
            "image_mark": self.pixels and _finding(self.pixels),
            "text_mark": self.words
            and [{"model": item.model, **_finding(item.finding)} for item in self.words],
            "notes": [asdict(note) for note in self.said.notes],
        }


def check_file(path: str | Path, settings: Settings) -> Layers:
    """The layers of a file; an InputError where it is of no kind that provenance.read knows."""
    path = Path(path)
    said = provenance.read(path)
    words = None
    if said.format in TEXTS:
        words = _words(body_of(read_text(path)), settings)
    return Layers(
        said=said,
        weights=compare_weights(said.recipe, settings) if said.recipe else None,
        manifest=_manifest(path, said.format, settings),
        pixels=_pixels(path, settings) if said.format in PICTURES else None,
        words=words,
    )


def check_text(text: str, settings: Settings) -> Layers:
    """The layers of a pasted text: the label may have been copied with it."""
    if not text.strip() or len(text) > MAX_TEXT:
        raise InputError(
            en=f"Paste a text of 1 to {MAX_TEXT:,} characters; this one has {len(text):,}.",
            zh=f"请粘贴 1 到 {MAX_TEXT:,} 个字符的文字；现在是 {len(text):,} 个。",
        )
    said = read_said(text)
    weights = compare_weights(said.recipe, settings) if said.recipe else None
    return Layers(said, weights, words=_words(body_of(text), settings))


def compare_weights(recipe: Recipe, settings: Settings) -> Weights:
    """The recipe's weights against the model of that name on this disk."""
    try:
        card = registry.find_card(recipe.model, settings)
    except InputError:
        return "absent"
    at_hand = card.weights_hash()
    known = min(len(at_hand), len(recipe.weights))
    return "same" if known and at_hand[:known] == recipe.weights[:known] else "other"


def _manifest(path: Path, kind: str, settings: Settings) -> Manifest:
    if kind not in MIME:
        return UNKNOWN
    signer = own_signer(settings)
    return read_manifest(path.read_bytes(), MIME[kind], signer.serial() if signer else "")


def _pixels(path: Path, settings: Settings) -> image.Finding | None:
    """The hidden mark by this installation's key; None where the picture is too large or damaged to be opened."""
    try:
        picture = open_picture(path)
    except InputError:
        return None
    return image.detect(np.asarray(picture), mark_key(settings, "image"))


def _words(text: str, settings: Settings) -> tuple[TextFinding, ...]:
    return tuple(find_text_mark(text[:MAX_TEXT], settings)) if text.strip() else ()


def _finding(finding: Any) -> dict[str, Any]:
    return {**vars(finding), "found": finding.found}
