"""Conversations through the cache: tokens as they come, notes, adapters, files, the command line."""

import pytest

from aigc_demo import actions
from aigc_demo.contracts import ChatRequest, check
from aigc_demo.errors import InputError
from tests.checkpoints import keep_card
from tests.checkpoints.language import write_llama

MODEL = "test/llama-chat"


@pytest.fixture
def llama(settings, tmp_path):
    folder = write_llama(tmp_path / "llama")
    return keep_card(settings, folder, MODEL, "transformer", "causal_lm", ("text", "chat"))


def ask(*turns, **more):
    roles = ("user", "assistant") * len(turns)
    messages = [{"role": role, "content": text} for role, text in zip(roles, turns, strict=False)]
    return check(ChatRequest, {"model": MODEL, "messages": messages, "max_new_tokens": 20, **more})


def test_the_same_object_grows_by_every_token(cache, llama):
    lengths, results = [], set()
    for result in actions.chat(ask("你好", temperature=1.0), cache):
        lengths.append(len(result.tokens))
        results.add(id(result))
    assert len(results) == 1 and lengths[:3] == [1, 2, 3]
    assert result.text == "".join(token.text for token in result.tokens)
    assert result.ended == (len(result.tokens) < 20) and result.note is None


def test_stop_ends_within_a_token(cache, llama):
    seen = []
    for result in actions.chat(ask("Hello", max_new_tokens=200, seed=1), cache, lambda: len(seen) > 2):
        seen.append(len(result.tokens))
    assert seen[-1] <= 3 and not result.ended


def test_a_conversation_too_long_says_what_is_read(cache, llama):
    *_, result = actions.chat(ask("春眠不觉晓，" * 8, "处处闻啼鸟。" * 8, "Go on"), cache)
    assert "1 of 3" in result.note[0] and "1" in result.note[1]


def test_an_unknown_adapter_is_a_sentence(cache, llama):
    with pytest.raises(InputError, match="no adapter"):
        next(actions.chat(ask("Hello", adapter="runs/none"), cache))
