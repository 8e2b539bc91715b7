"""All layers of a file or a text, each by itself, found and missing, and as the page shows them."""

import re

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from aigc_demo import media
from aigc_demo.actions import text_mark
from aigc_demo.actions.verify import check_file, check_text
from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.provenance import SOURCE_TYPE, Recipe
from aigc_demo.provenance.c2pa_signer import installed
from aigc_demo.provenance.documents import WORDS, body_of, write_document
from aigc_demo.provenance.policy import marking_for
from aigc_demo.provenance.schema import Provenance
from aigc_demo.provenance.watermark.keys import mark_key
from aigc_demo.ui.page.language import Words
from aigc_demo.ui.verify.layers_view import layers_html

PICTURE = Image.fromarray(
    np.random.default_rng(0).normal(128, 40, (160, 160, 3)).clip(0, 255).astype(np.uint8)
)
RECIPE = Recipe(
    task="image", model="gan-digits", weights="ab" * 8, request={"model": "gan-digits", "seed": 1}
)
LINES = "The sky was clear and the road was long.\nNobody came.\n\nSo they went home."


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(data_dir=tmp_path_factory.mktemp("data"), mode="share")


def states(found, lang="en"):
    """The state of each layer, as the page shows it."""
    html = layers_html(found, Words(), lang)
    return dict(re.findall(r'data-layer="(\w+)" data-state="(\w+)"', html))


def test_a_picture_of_a_public_page_shows_every_layer(settings, tmp_path):
    path = media.save_image(PICTURE, tmp_path / "a.png", RECIPE, marking=marking_for(settings))
    found = check_file(path, settings)
    assert found.pixels.found and found.weights == "other" and found.words is None
    signed = "found" if installed() else "unknown"
    said = {"label": "found", "source": "found", "recipe": "found", "c2pa": signed, "pixels": "found"}
    assert states(found) == states(found, "zh") == said
    facts = found.facts()
    assert facts["ai_generated"] and facts["image_mark"]["found"] and facts["text_mark"] is None
    other = Settings(data_dir=tmp_path / "other", mode="share")
    assert not check_file(path, other).pixels.found and not check_file(path, other).manifest.own


def test_a_mark_outlives_the_metadata(settings, tmp_path):
    path = media.save_image(PICTURE, tmp_path / "a.png", RECIPE, marking=marking_for(settings))
    Image.open(path).convert("RGB").save(tmp_path / "copied.jpg", quality=80)
    found = check_file(tmp_path / "copied.jpg", settings)
    assert (
        states(found)["label"] == states(found)["recipe"] == "absent" and states(found)["pixels"] == "found"
    )
    assert "hidden mark" in layers_html(found, Words(), "en")


def test_a_file_that_says_nothing_is_not_called_human_work(settings, tmp_path):
    PICTURE.save(tmp_path / "plain.png")
    found = check_file(tmp_path / "plain.png", settings)
    assert set(states(found).values()) <= {"absent", "unknown"}
    html = layers_html(found, Words(), "en")
    assert "does not prove that it was made without AI" in html


def test_what_a_file_says_of_itself_is_shown_as_text(settings, tmp_path):
    evil = Recipe(task="image", model="<img src=x onerror=alert(1)>", request={})
    path = media.save_image(PICTURE, tmp_path / "a.png", evil)
    html = layers_html(check_file(path, settings), Words(), "en")
    assert "<img" not in html and "&lt;img" in html


WEBUI = "a <b>lighthouse</b>\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Model: m"


def test_settings_of_another_generator_have_a_row_of_their_own(settings, tmp_path):
    info = PngInfo()
    info.add_text("parameters", WEBUI)
    PICTURE.save(tmp_path / "a.png", pnginfo=info)
    found = check_file(tmp_path / "a.png", settings)
    assert states(found)["program"] == states(found, "zh")["program"] == "found"
    assert states(found)["label"] == states(found)["recipe"] == "absent"
    html = layers_html(found, Words(), "en")
    assert "AUTOMATIC1111" in html and "a statement, not a proof" in html and "<b>" not in html
    assert "Negative prompt" in html and "<dd>7</dd>" in html and "Euler a" in html
    assert found.facts()["ai_generated"] and found.facts()["statement"]["seed"] == 5
    pasted = check_text(WEBUI, settings)
    assert pasted.said.statement.seed == 5 and states(pasted)["program"] == "found"
    assert "program" not in states(check_text("Steps: 3. Seed: none.", settings))


@pytest.mark.parametrize("suffix", [".txt", ".md", ".json"])
def test_the_body_of_a_document_is_the_text_alone(suffix):
    document = write_document(LINES, suffix, Provenance.new(RECIPE))
    assert body_of(document) == LINES and WORDS in document
    assert body_of(LINES) == LINES and body_of("{ no json") == "{ no json"


def test_a_text_is_looked_at_by_each_tokenizer_and_a_pasted_label_is_read(settings):
    found = check_text(write_document(LINES, ".txt", Provenance.new(RECIPE)), settings)
    assert found.said.ai_generated and found.said.source_type == SOURCE_TYPE
    assert {item.model for item in found.words} >= {"gpt-austen", "gpt-poems"}
    assert not any(item.finding.found for item in found.words)
    assert states(found)["words"] == "absent" and "c2pa" not in states(found)
    assert text_mark(settings).key == mark_key(settings, "text")


@pytest.mark.parametrize("text", ["", "  \n", "x" * 100_001])
def test_a_text_that_cannot_be_looked_at_is_a_sentence(text, settings):
    with pytest.raises(InputError):
        check_text(text, settings)


def test_a_picture_too_small_for_a_mark_is_not_judged(settings, tmp_path):
    path = media.save_image(Image.new("L", (16, 16)), tmp_path / "tiny.png", RECIPE)
    assert states(check_file(path, settings))["pixels"] == "unknown"
