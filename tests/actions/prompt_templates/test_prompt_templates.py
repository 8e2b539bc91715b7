import pytest

from aigc_demo.actions.prompt_templates import Wording, all_templates, find_template, nearest
from aigc_demo.core.errors import InputError

TRADES = {"news", "advertising", "office", "literature", "teaching", "customer service", "reports"}


def examples(wording):
    return {name: blank.example for name, blank in wording.fields.items()}


def test_every_trade_has_a_template_that_works_as_it_is_in_both_languages():
    assert {template.trade for template in all_templates()} >= TRADES
    for template in all_templates():
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
def test_a_chinese_wish_is_compared_by_characters(wish, wanted):
    found = nearest(wish)
    scores = [score for _, score in found]
    assert found[0][0].id == wanted
    assert scores == sorted(scores, reverse=True) and scores[0] <= 1 and scores[-1] >= 0


def test_an_english_wish_is_compared_by_characters_too():
    assert nearest("apologise to a customer")[0][0].id == "customer-service"
    with pytest.raises(InputError):
        nearest(" ")
    with pytest.raises(InputError, match="at most 500"):
        nearest("a poem " * 100)
