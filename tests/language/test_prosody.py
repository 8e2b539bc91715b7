"""Rhyme and tones of known poems, and the best of given drafts."""

import pytest

from aigc_demo.language import drafts
from aigc_demo.language.prosody import lines_of, prosody, rhymes_of, tones_of

STORKS = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"  # 登鹳雀楼
BAIDI = "朝辞白帝彩云间，千里江陵一日还。两岸猿声啼不住，轻舟已过万重山。"  # 早发白帝城
HEIGHT = (  # 登高
    "风急天高猿啸哀，渚清沙白鸟飞回。无边落木萧萧下，不尽长江滚滚来。万里悲秋常作客，百年多病独登台。艰难苦恨繁霜鬓，潦倒新停浊酒杯。"
)
SPRING = (
    "国破山河在，城春草木深。感时花溅泪，恨别鸟惊心。烽火连三月，家书抵万金。白头搔更短，浑欲不胜簪。"  # 春望
)
QUIET = "床前明月光，疑是地上霜。举头望明月，低头思故乡。"  # 静夜思
DAWN = "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。"  # 春晓


def judged(poem):
    return prosody(lines_of(poem))


@pytest.mark.parametrize(
    ("poem", "name", "group", "rhyming"),
    [
        (STORKS, "仄起首句不入韵", "尤", "流楼"),
        (BAIDI, "平起首句入韵", "删", "间还山"),
        (HEIGHT, "仄起首句入韵", "灰", "哀回来台杯"),
        (SPRING, "仄起首句不入韵", "侵", "深心金簪"),
    ],
)
def test_regulated_verse_keeps_every_rule(poem, name, group, rhyming):
    found = judged(poem)
    assert (found.name, found.tones, found.rhyme, found.group) == (name, 1, 1, group)
    assert "".join(one.text for line in found.lines for one in line if one.rhymes) == rhyming


@pytest.mark.parametrize("poem", [QUIET, DAWN])
def test_old_style_verse_rhymes_and_breaks_the_tones(poem):
    found = judged(poem)
    assert found.rhyme == 1 and found.tones < 0.9


def test_what_breaks_the_pattern_is_named():
    """静夜思 has 上 where a level tone is wanted, and 头 where an oblique one is."""
    broken = [(at, one.text) for at, line in enumerate(judged(QUIET).lines) for one in line if not one.kept]
    assert broken == [(1, "上"), (2, "头")]


@pytest.mark.parametrize(
    ("character", "tones"),
    [("白", "仄"), ("一", "仄"), ("国", "仄"), ("不", "仄"), ("中", "平"), ("看", "平仄")],
)
def test_tones_are_those_of_middle_chinese(character, tones):
    assert tones_of(character) == set(tones)


def test_a_single_level_tone_before_the_rhyme_breaks_the_line():
    """孤平: 仄平仄仄平 where 平平仄仄平 is wanted; with the third place level instead of the first it is mended."""
    tones = {line: judged(STORKS.replace("黄河入海流", line)).tones for line in ("月明入海流", "月明天上流")}
    assert tones["月明入海流"] < 1 == tones["月明天上流"]


def test_a_rhyme_is_of_two_characters():
    assert judged("白日依山尽，黄河入海流。欲穷千里目，更上一江流。").rhyme == 0


def test_other_shapes_have_no_prosody():
    assert prosody(["白日依山尽", "黄河入海"]) is None and judged("") is None
    assert rhymes_of("𪚥") == frozenset() and tones_of("𪚥") == {"平", "仄"}


def best(*poems, odds=None):
    odds = odds or [[0.1] * len(poem) for poem in poems]
    return max(zip(poems, odds, strict=True), key=lambda pair: drafts.score(*pair).total)[0]


def test_of_equally_likely_drafts_the_one_that_keeps_the_rules_is_the_best():
    unrhymed = STORKS.replace("一层楼", "一层台")
    repeated = STORKS.replace("欲穷千里目", "白日依山目")
    assert best(QUIET, unrhymed, STORKS, repeated, "白日依山尽，") == STORKS


def test_of_drafts_that_keep_the_rules_alike_the_likelier_is_the_best():
    assert best(STORKS, STORKS.replace("黄河", "江河"), odds=[[0.1] * 24, [0.2] * 24]).startswith(
        "白日依山尽，江河"
    )


def test_doubled_characters_are_not_repeated():
    assert drafts.repeated("萧萧滚滚") == 0 and drafts.repeated("月明月冷") == 0.25


def test_seeds_of_drafts_never_meet():
    seeds = {drafts.draft_seed(seed, draft) for seed in range(16) for draft in range(16)}
    assert len(seeds) == 256 and drafts.draft_seed(2**32 - 1, 0) == 2**32 - 1
