import pytest
import torch

from aigc_demo.core.errors import InputError
from aigc_demo.language.forms import FORMS, Acrostic, check_form

DENG = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
CHUN = "国破山河在，城春草木深。感时花溅泪，恨别鸟惊心。烽火连三月，家书抵万金。白头搔更短，浑欲不胜簪。"
FENG = "月落乌啼霜满天，江枫渔火对愁眠。姑苏城外寒山寺，夜半钟声到客船。"


@pytest.mark.parametrize(
    ("text", "form"), [(DENG, "wujue"), (CHUN, "wulu"), (FENG, "qijue"), (FENG * 2, "qilu")]
)
def test_true_poems_have_their_form_and_no_other(text, form):
    assert [name for name in FORMS if check_form(text, name)] == [form]


@pytest.mark.parametrize(
    "broken",
    [
        "",
        DENG[:-1],
        DENG + "。",
        DENG.replace("尽，", "，"),
        DENG.replace("，", "。"),
        DENG.replace("白日", "白日红"),
        DENG.replace("白", " "),
        DENG[:12],
    ],
)
def test_broken_poems_have_none(broken):
    assert not any(check_form(broken, name) for name in FORMS)


def test_an_unknown_form_is_a_sentence_that_lists_the_forms():
    with pytest.raises(InputError, match="wujue"):
        check_form(DENG, "haiku")


def test_the_automaton_forces_heads_marks_and_end():
    plain = torch.tensor([False, False, False, True, True, True])
    rule = Acrostic(FORMS["wujue"], heads=[3, 4], marks=(1, 2), end=0, plain=plain)
    only = [(~rule.forbidden(place)).nonzero().flatten().tolist() for place in range(25)]
    assert only[0] == [3] and only[6] == [4]
    assert only[5] == [1] and only[11] == [2] and only[23] == [2]
    assert only[12] == only[1] == [3, 4, 5]
    assert only[24] == [0]


def test_more_heads_than_lines_are_refused():
    with pytest.raises(InputError, match="4 lines"):
        Acrostic(FORMS["wujue"], [3] * 5, (1, 2), 0, torch.ones(6, dtype=torch.bool))
