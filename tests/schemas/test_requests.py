"""A request holds only what a model can serve; everything else is one sentence, in both languages."""

import json
import math

import pytest
from pydantic import ValidationError

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import label_of
from aigc_demo.schemas import (
    REQUESTS,
    ArrayRequest,
    GridRequest,
    ImageRequest,
    TextRequest,
    WalkRequest,
    check,
    task_of,
)

REQUIRED = {
    "reconstruct": {"image": "seven.png"},
    "classify": {"image": "seven.png"},
    "upscale": {"image": "seven.png"},
    "rewrite": {"text": "The tide comes in."},
    "chat": {"messages": [{"role": "user", "content": "Hello"}]},
}


@pytest.mark.parametrize("task", REQUESTS)
def test_every_default_is_valid(task):
    kind = REQUESTS[task]
    defaults = {
        name: info.default for name, info in kind.model_fields.items() if not info.is_required()
    } | REQUIRED.get(task, {})
    assert check(kind, defaults) == check(kind, REQUIRED.get(task, {}))
    assert task_of(check(kind, defaults)).name == task


@pytest.mark.parametrize("task", REQUESTS)
def test_every_field_has_words_in_both_languages(task):
    for name in REQUESTS[task].model_fields:
        words = label_of(REQUESTS[task], name)
        assert words.say("en") != name and words.say("zh")
        assert bool(words.help.say("en")) == bool(words.help.say("zh"))


@pytest.mark.parametrize("task", REQUESTS)
def test_a_request_survives_json(task):
    request = check(REQUESTS[task], REQUIRED.get(task, {}))
    assert check(REQUESTS[task], json.loads(json.dumps(request.model_dump()))) == request


@pytest.mark.parametrize(
    ("kind", "values", "en", "zh"),
    [
        (ImageRequest, {"count": 0}, "Count: 0 does not fit; give a whole number from 1 to 64.", "1 到 64"),
        (ImageRequest, {"count": 10**9}, "Count: 1000000000 does not fit", "数量"),
        (ImageRequest, {"count": math.nan}, "Count: nan does not fit", "整数"),
        (ImageRequest, {"count": 2.5}, "Count: 2.5 does not fit", "整数"),
        (ImageRequest, {"count": None}, "Count: None does not fit", "数量"),
        (
            ImageRequest,
            {"seed": -1},
            "Seed: -1 does not fit; give a whole number from 0 to 4294967295.",
            "种子",
        ),
        (ImageRequest, {"truncation_psi": math.nan}, "give a number from 0 to 1.5", "0 到 1.5"),
        (ImageRequest, {"truncation_psi": math.inf}, "inf does not fit", "截断"),
        (ImageRequest, {"prior": "uniform"}, "choose one of density, normal", "density, normal"),
        (ImageRequest, {"model": ""}, "Model: '' does not fit", "模型"),
        (ImageRequest, {"label": "9" * 201}, "give up to 200 characters", "200 个字符"),
        (ImageRequest, {"steps": 3}, "'steps' is no field of this request; it has model, label", "没有字段"),
        (TextRequest, {"top_p": 0}, "give a number above 0, up to 1", "大于 0"),
        (TextRequest, {"temperature": "hot"}, "Temperature: 'hot' does not fit", "温度"),
        (TextRequest, {"prompt": "山" * 401}, "give up to 400 characters", "400 个字符"),
        (TextRequest, {"form": "haiku"}, "choose one of wujue, qijue, wulu, qilu", "体裁"),
        (WalkRequest, {"frames": 1}, "give a whole number from 2 to 120", "帧数"),
        (WalkRequest, {"there_and_back": "perhaps"}, "give true or false", "往返"),
        (
            GridRequest,
            {"seeds": [1, 2, 3]},
            "Seeds of the corners: [1, 2, 3] does not fit; give 4 values",
            "4 个值",
        ),
        (GridRequest, {"seeds": [1, 2, 3, -4]}, "-4 does not fit; give a whole number from 0", "四角"),
        (REQUESTS["reconstruct"], {}, "Picture is missing", "缺少 图片"),
    ],
)
def test_what_does_not_fit_is_a_sentence(kind, values, en, zh):
    with pytest.raises(InputError) as caught:
        check(kind, values)
    assert en in caught.value.say("en")
    assert zh in caught.value.say("zh")
    assert caught.value.say("en").endswith(".") and caught.value.say("zh").endswith("。")
    assert "\n" not in str(caught.value)


def test_a_sentence_about_a_megabyte_is_short():
    with pytest.raises(InputError) as caught:
        check(TextRequest, {"prompt": "春" * 2**20})
    assert len(caught.value.text.en) < 200


def test_a_field_name_of_a_megabyte_is_cut():
    with pytest.raises(InputError) as caught:
        check(TextRequest, {"x" * 2**20: 1})
    assert len(caught.value.text.en) < 400


def test_control_characters_leave_the_prompt_and_everything_else_stays():
    assert check(TextRequest, {"prompt": "春\x00\x1b[2J望\u0007"}).prompt == "春[2J望"
    assert check(TextRequest, {"prompt": "🌸 spring\n第二行\t"}).prompt == "🌸 spring\n第二行\t"


def test_a_checked_request_cannot_change():
    request = ImageRequest()
    with pytest.raises(ValidationError):
        request.count = 10**9


def test_large_counts_are_for_arrays_alone():
    assert check(ArrayRequest, {"count": 100_000}).count == 100_000
    assert task_of(ArrayRequest()).name == "image"
    with pytest.raises(InputError):
        check(ImageRequest, {"count": 65})
    with pytest.raises(InputError):
        check(ArrayRequest, {"count": 100_001})
