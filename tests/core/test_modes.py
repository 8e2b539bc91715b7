"""The table of modes: what a public page leaves out, and what flags allow."""

import json

import pytest

from aigc_demo.__main__ import main
from aigc_demo.core.modes import RULES, rule_names, words_of_rule
from aigc_demo.core.settings import Settings

RIGHTS = {
    "allow_training": "train",
    "allow_downloads": "download",
    "allow_any_model": "any_model",
    "allow_folders": "folder_paths",
    "allow_model_upload": "checkpoint_upload",
}


@pytest.mark.parametrize("mode", ["share", "spaces"])
def test_a_public_page_gives_no_right_to_this_machine_and_labels_what_it_makes(mode):
    rules = Settings(mode=mode).rules
    assert not any(getattr(rules, right) for right in RIGHTS.values())
    assert rules.isolate and rules.visible_label and rules.text_mark and rules.image_mark
    assert rules.content_filter and rules.retention_seconds and rules.upload_mb_per_hour
    assert not rules.show_error


def test_a_link_asks_for_a_password():
    assert RULES["share"].login


@pytest.mark.parametrize(("flag", "right"), list(RIGHTS.items()))
def test_a_flag_gives_one_right_and_no_other(flag, right):
    rules = Settings(mode="share", **{flag: True}).rules
    assert [name for name in RIGHTS.values() if getattr(rules, name)] == [right]
    assert Settings(**{flag: True}).rules == RULES["local"]


def test_every_rule_is_said_in_both_languages():
    for name in rule_names():
        words = words_of_rule(name)
        assert words.en != words.zh


def test_the_command_prints_the_table_in_both_languages(capsys):
    main(["modes", "--json", "--mode", "share", "--allow-training"])
    told = json.loads(capsys.readouterr().out)
    assert told["modes"]["local"]["train"] and not told["modes"]["share"]["train"] and told["here"]["train"]
    main(["modes", "--lang", "zh"])
    words = capsys.readouterr().out
    assert "需要密码登录" in words and words.count("\n") == len(rule_names()) + 1
