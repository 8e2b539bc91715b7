"""Pairs: the format, couplets and titles out of poems with nothing held out seen in training, numbers that are right."""

import pytest

from aigc_demo.core.errors import InputError
from aigc_demo.data import catalogue, get
from aigc_demo.data.numbers import in_chinese, in_english
from aigc_demo.data.pairs import Pair, read_pairs, write_pairs
from aigc_demo.data.poems import Poem
from aigc_demo.data.verse_pairs import couplets, titles

LINES = (
    "一一一一一",
    "二二二二二",
    "明月松间照",
    "清泉石上流",
    "竹喧归浣女",
    "莲动下渔舟",
    "七七七七七",
    "八八八八八",
)


def regulated(lines=LINES, title="山居"):
    return Poem("tang", "wulu", title, "".join(line + "，。"[i % 2] for i, line in enumerate(lines)))


def test_what_is_written_is_read_and_counted(tmp_path):
    pairs = [Pair("明月", "清泉", origin="tang"), Pair("a b", "甲", held_out=True)]
    counts, digest = write_pairs(tmp_path, pairs)
    assert read_pairs(tmp_path) == pairs and counts == {"train": 1, "test": 1}
    assert write_pairs(tmp_path, pairs) == (counts, digest)


@pytest.mark.parametrize("text", ["", "no json", '{"source": "a"}', '{"target": 1, "other": 2}'])
def test_a_file_without_pairs_is_refused_with_the_way_out(text, tmp_path):
    if text:
        (tmp_path / "pairs.jsonl").write_text(text)
    with pytest.raises(InputError, match="couplets, titles, en-zh"):
        read_pairs(tmp_path)


def test_couplets_are_the_middle_ones_and_keep_the_poems_split():
    poem = regulated()
    found = list(couplets([poem]))
    assert [(pair.source, pair.target) for pair in found] == [LINES[2:4], LINES[4:6]]
    assert all(pair.held_out is poem.held_out for pair in found)


def test_no_line_of_a_held_out_couplet_is_trained_on():
    """A poem that shares one line with a held-out one gives no pair of that line."""
    variants = [
        regulated((*LINES[:3], line, *LINES[4:6], *LINES[6:])) for line in (str(n) * 5 for n in range(300))
    ]
    held_out = next(poem for poem in variants if poem.held_out)
    trained = next(poem for poem in variants if not poem.held_out)
    found = list(couplets([trained, held_out]))
    assert {pair.source for pair in found} == {LINES[2], LINES[4]} and all(pair.held_out for pair in found)


def test_titles_of_one_character_are_left_out_and_each_poem_counts_once():
    assert not list(titles([regulated(title="春")]))
    assert [pair.target for pair in titles([regulated(), regulated(title="又")])] == ["山居"]


@pytest.mark.parametrize(
    ("number", "english", "chinese"),
    [
        (0, "zero", "零"),
        (12, "twelve", "十二"),
        (40, "forty", "四十"),
        (205, "two hundred and five", "二百零五"),
        (112, "one hundred and twelve", "一百一十二"),
        (10_010, "ten thousand and ten", "一万零一十"),
        (90_312, "ninety thousand three hundred and twelve", "九万零三百一十二"),
        (70_000, "seventy thousand", "七万"),
    ],
)
def test_numbers_are_said_right(number, english, chinese):
    assert (in_english(number), in_chinese(number)) == (english, chinese)


def test_a_set_made_of_another_is_ready_where_that_one_is(tmp_path):
    """Offline, couplets can be made where the poems are, and are refused where they are not."""
    with pytest.raises(InputError, match="poems is not on this disk"):
        get("couplets", tmp_path, offline=True)
    assert not catalogue()["couplets"].ready(tmp_path)
    (tmp_path / "poems").mkdir()
    (tmp_path / "poems" / "source.json").write_text("{}")
    assert catalogue()["couplets"].ready(tmp_path)
