"""The look at texts: what a model copies is found to the character, what it does not is not."""

import json

import pytest

from aigc_demo import actions
from aigc_demo.actions.audit import AuditRequest, look_closer
from aigc_demo.actions.audit.texts import BATCH, _openings, _passages
from aigc_demo.schemas import TextRequest

TEXT = "It is a truth universally acknowledged, that a single man must be in want of a wife. " * 30


@pytest.fixture
def austen(settings):
    """A function that writes the data set that gpt-austen says it was trained on."""
    folder = settings.data_dir / "austen"

    def write(train, held_out="However little known the feelings of such a man may be on entering. " * 40):
        folder.mkdir(parents=True, exist_ok=True)
        rows = [{"text": train, "held_out": False}, {"text": held_out, "held_out": True}]
        (folder / "texts.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
        (folder / "source.json").write_text("{}")

    return write


def test_what_a_random_model_writes_is_nobodys(cache, austen):
    austen(TEXT)
    found = look_closer(AuditRequest(model="gpt-austen", count=3), cache)
    assert found.count == 3 and found.characters > 50
    assert found.copies == 0 and found.level == "green" and len(found.longest) < 15
    assert found.copies_held_out == 0


def test_text_that_the_model_would_write_is_found_in_its_training_text(cache, austen):
    austen(TEXT)
    first = look_closer(AuditRequest(model="gpt-austen", count=3, seed=7), cache)
    opening = _openings(
        ["However little known the feelings of such a man may be on entering. " * 40], 1, False
    )[0]
    asked = TextRequest(
        model="gpt-austen", prompt=opening, prompt_is="opening", form="qilu", seed=7, max_new_tokens=128,
        temperature=1.0, top_p=1.0, repetition_penalty=1.0,
    )  # fmt: skip
    *_, result = actions.write_text(asked, cache)
    written = result.samples[0].text
    austen(TEXT + written[:200] + TEXT)
    found = look_closer(AuditRequest(model="gpt-austen", count=3, seed=7), cache)
    assert found.longest == written[:200] and found.level == "red" and found.copies > 0.3
    assert len(first.longest) < 15


def test_passages_and_openings_are_taken_evenly():
    texts = ["one two three four five six seven eight nine ten " * 20]
    openings = _openings(texts, 4, verse=False)
    assert len(openings) == 4 and all(10 < len(opening) <= 60 for opening in openings)
    assert _openings(texts, 2, verse=True) == ["", ""]
    assert [len(part) for part in _passages(texts, ["x" * 30] * BATCH)] == [30] * BATCH
    assert _passages([""], ["x"]) == []
