"""Phrases in a prompt: found, replaced, taken out, drawn by chance."""

import random

import pytest

from aigc_demo.core.words import Text
from aigc_demo.models.phrases import Phrases, Slot

LEADS = (Text("wearing", "穿着"), Text("in", "身穿"), Text("holding", "拿着"))
PHRASES = Phrases(
    (
        Slot(Text("race", "种族"), (Text("an elf", "精灵"), Text("an orc", "兽人"))),
        Slot(
            Text("garment", "衣服"),
            (Text("a red robe", "红袍"), Text("a gold-trimmed red robe", "金边红袍")),
            LEADS,
        ),
        Slot(Text("weapon", "武器"), (Text("a skull staff", "骷髅法杖"), Text("a sword", "剑")), LEADS),
        Slot(Text("other hand", "另一手"), (Text("a skull", "骷髅"),), LEADS),
    )
)


@pytest.mark.parametrize(
    ("prompt", "lang", "found"),
    [
        ("An ELF in a gold-trimmed  red robe", "en", {0: 0, 1: 1}),
        ("elf, red robe, skull staff", "en", {0: 0, 1: 0, 2: 0}),
        ("a selfish swordfish", "en", {}),
        ("拿着骷髅法杖、穿着金边红袍的兽人", "zh", {0: 1, 1: 1, 2: 0}),
        ("穿着红色的袍的精灵", "zh", {0: 0, 1: 0}),
        ("", "en", {}),
    ],
)
def test_phrases_are_found_the_longest_first(prompt, lang, found):
    assert PHRASES.found(prompt, lang) == found


@pytest.mark.parametrize(
    ("prompt", "place", "lang", "result"),
    [
        ("an elf in a red robe with a hat", (1, 1), "en", "an elf in a gold-trimmed red robe with a hat"),
        ("an elf", (2, 1), "en", "an elf, a sword"),
        ("", (0, 1), "en", "an orc"),
        ("an elf, an orc", (0, 1), "en", "an orc"),
        ("一个穿着红袍的精灵", (1, 1), "zh", "一个穿着金边红袍的精灵"),
        ("精灵。", (2, 1), "zh", "精灵，剑"),
    ],
)
def test_a_slot_holds_one_phrase(prompt, place, lang, result):
    assert PHRASES.insert(prompt, *place, lang) == result


@pytest.mark.parametrize(
    ("prompt", "slot", "lang", "result"),
    [
        ("an elf in a red robe, holding a sword", 1, "en", "an elf, holding a sword"),
        ("an elf in a red robe and holding a sword", 2, "en", "an elf in a red robe"),
        ("an elf", 2, "en", "an elf"),
        ("精灵，穿着红袍，拿着剑", 1, "zh", "精灵，拿着剑"),
    ],
)
def test_what_is_taken_out_takes_the_words_along_that_led_to_it(prompt, slot, lang, result):
    assert PHRASES.remove(prompt, slot, lang) == result


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_random_prompt_says_who_and_what_else(lang):
    for seed in range(20):
        prompt = PHRASES.random(lang, random.Random(seed))
        found = PHRASES.found(prompt, lang)
        assert 0 in found and len(found) >= 3
        assert prompt == PHRASES.random(lang, random.Random(seed))


def test_phrases_come_back_from_their_file_and_none_from_a_folder_without(tmp_path):
    assert not Phrases.load(tmp_path)
    assert Phrases().found("an elf", "en") == {} and Phrases().random("en", random.Random(0)) == ""
    PHRASES.save(tmp_path)
    assert Phrases.load(tmp_path) == PHRASES
