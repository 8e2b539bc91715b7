"""Text, the one type for a sentence in two languages."""

import json
from dataclasses import asdict

import pytest
from pydantic import BaseModel, ValidationError

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import FieldLabel, Text, joined

BUSY = Text("{model} is busy: {why}.", "{model} 正忙：{why}。")


class Record(BaseModel):
    cause: Text | None = None


def test_it_is_said_in_chinese_or_else_in_english():
    text = Text(en="yes", zh="是")
    assert (text.say("zh"), text.say("en"), text.say("fr")) == ("是", "yes", "yes")


def test_places_are_filled_and_a_text_in_its_own_language():
    said = BUSY.format(model="gan-digits", why=Text("it trains", "正在训练"))
    assert said == Text("gan-digits is busy: it trains.", "gan-digits 正忙：正在训练。")


def test_what_fills_a_place_is_never_a_template_itself():
    assert BUSY.format(model="{why}", why="{0.__class__}").en == "{why} is busy: {0.__class__}."


def test_it_is_true_where_anything_is_said():
    assert Text("", "是") and Text("yes", "") and not Text("", "")


def test_several_are_joined_without_those_that_say_nothing():
    said = [Text("One.", "一。"), None, Text("", ""), Text("Two.", "二。")]
    assert joined(said) == Text("One. Two.", "一。二。")
    assert joined(said, ", ", "，") == Text("One., Two.", "一。，二。")
    assert not joined([None])


def test_a_record_reads_and_writes_it_as_an_object_of_two_strings():
    record = Record(cause=Text("full", "满"))
    written = json.loads(record.model_dump_json())
    assert written == {"cause": {"en": "full", "zh": "满"}} == record.model_dump()
    assert Record.model_validate(written) == record
    assert json.loads(json.dumps(asdict(record.cause))) == written["cause"]


@pytest.mark.parametrize(
    "cause", [{"en": "full"}, {"en": "full", "zh": "满", "fr": "plein"}, "full", ["full", "满"]]
)
def test_a_record_refuses_anything_else(cause):
    with pytest.raises(ValidationError):
        Record.model_validate({"cause": cause})


def test_a_label_is_a_text_that_has_a_help():
    label = FieldLabel("Seed", "种子", Text("Same seed, same result.", "种子相同，结果相同。"))
    assert label.say("zh") == "种子" and label.help.say("en") == "Same seed, same result."
    assert not FieldLabel("seed", "seed").help


def test_an_error_holds_one():
    error = InputError.of(BUSY.format(model="gan-digits", why="?"))
    assert str(error) == error.say("en") == error.text.en and error.say("zh") == "gan-digits 正忙：?。"
