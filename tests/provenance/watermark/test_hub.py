"""The text mark in pretrained models: alone, in a conversation, and beside a reader who wants none."""

import pytest

from aigc_demo.core.words import Text
from aigc_demo.families.transformer import load_pretrained
from aigc_demo.families.transformer.continuous_batching import GenerationRequest
from aigc_demo.language.sampling import Settings
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.placement import Placement
from aigc_demo.provenance.watermark.text import TextMark
from tests.checkpoints.language import write_llama

MARK = TextMark(bytes(range(32)))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A tiny random Llama."""
    folder, words = write_llama(tmp_path_factory.mktemp("llama")), Text(en="Random", zh="随机")
    card = ModelCard(
        id="test/llama", folder=folder, family="transformer", kind="causal_lm", tasks=("text", "chat"),
        title=words, summary=words, parameters=40_000, licence="mit", data="",
    )  # fmt: skip
    return load_pretrained(card, Placement())


def test_continuations_are_marked(model):
    texts = [[], [], []]
    for step in model.generate("The bank", count=3, max_new_tokens=100, mark=MARK):
        for text, token in zip(texts, step.tokens, strict=True):
            text.extend([token.id] if token else [])
    assert all(MARK.detect(text).found for text in texts if len(text) >= 80)
    assert any(len(text) >= 80 for text in texts)


def test_answers_are_marked_by_the_seed_they_have(model):
    asked = [{"role": "user", "content": "The bank"}]
    first, second, plain = (
        [token.id for token in model.chat(asked, max_new_tokens=60, seed=3, mark=mark)]
        for mark in (MARK, MARK, None)
    )
    assert first == second
    assert MARK.detect(first).z > MARK.detect(plain).z


def test_a_reader_beside_who_wants_no_mark_gets_none(model):
    ids = model.encode_prompt("The bank")
    alone = [
        step.tokens[0].id for step in model.generate("The bank", max_new_tokens=30, seed=9) if step.tokens[0]
    ]
    batch = model.batch()
    marked = batch.add(GenerationRequest(ids, Settings(mark=MARK), 30, seed=9))
    plain = batch.add(GenerationRequest(ids, Settings(), 30, seed=9))
    written = {marked: [], plain: []}
    while batch.running:
        for text, step in batch.step():
            written[text] += [step.tokens[0].id] if step and step.tokens[0] else []
    assert written[plain] == alone
    assert written[marked] != alone
