"""Texts while they are written: ended at refused words, cut back, with the reason; harmless ones are left as they were."""

import re
from collections import deque

import pytest

from aigc_demo import actions
from aigc_demo.core.settings import Settings
from aigc_demo.models.protocols import TokenChoice
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.safety import StreamFilter, words
from aigc_demo.schemas import ChatRequest, RewriteRequest, TextRequest
from tests.checkpoints import keep_card, language

PUBLIC = Settings(mode="share")


def tokens(text, size):
    return [TokenChoice(text[i : i + size], 0, 1.0, []) for i in range(0, len(text), size)]


def read(text, size=3, settings=PUBLIC):
    """The text as it stands after a stream filter has read it token by token, and what it said."""
    stream_filter, so_far, note = StreamFilter(settings), [], None
    for token in tokens(text, size):
        so_far.append(token)
        if note := stream_filter.check(so_far):
            break
    note = note or stream_filter.check(so_far, whole=True)
    return "".join(token.text for token in so_far), note


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_text_ends_before_the_words_that_are_refused(size):
    before = "Once upon a time, in a land far away. " * 20
    text, note = read(before + "And then heil hitler, they cried, and so on.", size)
    assert text.startswith(before) and "hitler" not in text
    assert "content filter ended" in note.en and "内容过滤器" in note.zh
    assert read("话说从前有一个人，" + "他写了一篇色情小说，很长。", size)[0].startswith("话说从前有一个人，")


@pytest.mark.parametrize("size", [1, 3, 5])
def test_a_word_that_goes_on_is_not_taken_for_its_beginning(size):
    story = "The erotical Scunthorpe assessment by Dr. Dickens, in Essex. 景色情趣。" * 30
    assert read(story, size) == (story, None)
    assert read("heil hitler", size, Settings()) == ("heil hitler", None)  # locally nothing is read


@pytest.fixture
def refuse(monkeypatch):
    """Have the filter refuse one string, whatever it is, and nothing else."""
    reasons, harmless, _ = words._table()

    def only(text):
        rule = words.Rule("sexual", "everywhere", re.compile(re.escape(text)), ())
        monkeypatch.setattr(words, "_table", lambda: (reasons, harmless, (rule,)))

    return only


@pytest.fixture
def filtered(settings):
    """Models behind the filter."""
    return ModelCache(settings.model_copy(update={"content_filter": True}))


def last(results):
    return deque(results, maxlen=1).pop()


def test_of_several_texts_only_the_refused_one_ends(cache, filtered, refuse):
    request = TextRequest(count=2, max_new_tokens=40, drafts=1)
    usual = [sample.text for sample in last(actions.write_text(request, cache)).samples]
    refuse(usual[0][20:22])
    assert usual[0][20:22] not in usual[1]
    result = last(actions.write_text(request, filtered))
    cut, whole = (sample.text for sample in result.samples)
    assert usual[0].startswith(cut) and len(cut) < 22 and whole == usual[1]
    assert "内容过滤器" in result.note.zh


def test_an_answer_and_a_translation_end_too(settings, cache, filtered, refuse, tmp_path):
    llama, t5 = language.write_llama(tmp_path / "llama"), language.write_t5(tmp_path / "t5")
    keep_card(settings, llama, "tiny/llama", "transformer", "causal_lm", ("text", "chat"))
    keep_card(settings, t5, "tiny/t5", "seq2seq", "seq2seq", ("rewrite",))
    say = [{"role": "user", "content": "hello"}]
    # random letters, which do not end soon
    bold = {"max_new_tokens": 40, "temperature": 1.5, "top_k": 0, "top_p": 1, "seed": 5}
    asked = ChatRequest(model="tiny/llama", messages=say, **bold)
    usual = last(actions.chat(asked, cache)).text
    assert "ing" in usual
    refuse("ing")
    answer = last(actions.chat(asked, filtered))
    assert usual.startswith(answer.text) and len(answer.text) < len(usual)
    assert not answer.ended and "filter ended" in answer.note.en

    asked = RewriteRequest(model="tiny/t5", text="The bank was closed.", task="summarise", max_new_tokens=24)
    usual = last(actions.rewrite(asked, cache))
    refuse(usual.text.casefold().strip()[2:8].strip())
    cut = last(actions.rewrite(asked, filtered))
    assert usual.text and cut.text == "" and cut.tokens == [] and "filter ended" in cut.note.en
