"""The verbs' part: who is marked, and what a pasted text is found to be."""

from collections import deque

import pytest

from aigc_demo.actions import find_text_mark, text_mark, write_text
from aigc_demo.actions.watermark import settle_mark
from aigc_demo.core.settings import ROOT
from aigc_demo.provenance.watermark.keys import VARIABLE
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.registry import find_card
from aigc_demo.schemas import TextRequest

AUSTEN = TextRequest(model="gpt-austen", prompt="She had been", prompt_is="opening", max_new_tokens=300)


@pytest.fixture
def shipped(settings, monkeypatch):
    """Settings with the models that come with the app, and a known key: by one in many hundreds a text may end too soon."""
    monkeypatch.setenv(VARIABLE, "known to this test")
    return settings.model_copy(update={"weights_dir": ROOT / "weights"})


def last(request, settings):
    """The finished result."""
    return deque(write_text(request, ModelCache(settings)), maxlen=1).pop()


def test_a_pasted_text_is_found_by_its_words_alone(shipped):
    result = last(AUSTEN.model_copy(update={"watermark": True}), shipped)
    best = find_text_mark(result.samples[0].text, shipped)[0]
    assert (best.model, best.finding.found) == ("gpt-austen", True)
    assert not find_text_mark(AUSTEN.prompt * 10 + "A plain text, written by a person.", shipped)[
        0
    ].finding.found


def test_a_public_mode_marks_whether_asked_or_not(shipped):
    public = shipped.model_copy(update={"mode": "spaces"})
    result = last(AUSTEN, public)
    assert result.request.watermark
    assert text_mark(public).detect([token.id for token in result.samples[0].tokens]).found


def test_on_ones_own_machine_nothing_is_marked_unasked(settings):
    card = find_card("gpt-austen", settings, "text")
    assert settle_mark(AUSTEN, card, settings) == (AUSTEN, None)


def test_a_server_writes_unmarked_and_the_reader_is_told(settings):
    card = find_card("gpt-austen", settings, "text").model_copy(update={"family": "remote"})
    settled, note = settle_mark(AUSTEN.model_copy(update={"watermark": True}), card, settings)
    assert not settled.watermark
    assert "server" in note.en and "服务器" in note.zh
