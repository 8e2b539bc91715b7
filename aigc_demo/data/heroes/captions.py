"""Captions by templates, in either language: parts in any order, some left out, joined as people join them.

an orc woman in a red robe, wielding a double axe and wearing a horned helm        red robe, orc woman, double axe
一个穿着红袍、手持双刃斧、头戴角盔的女兽人        女兽人，身穿红袍，拿着双刃斧        红袍，双刃斧，女兽人
"""

from collections.abc import Sequence
from random import Random

from aigc_demo.data.heroes.table import Attribute, Slot
from aigc_demo.data.word_tokenizer import vocabulary
from aigc_demo.models.phrases import without_article

Part = tuple[Slot, Attribute]

TAGS, OPENED, OTHER_WORDS, BARE_TAGS, SAME_LEAD = 0.3, 0.12, 0.2, 0.5, 0.5  # how often
OPENINGS_EN = ("a picture of", "pixel art of", "draw", "a hero:")
OPENINGS_ZH = ("画", "一幅图：", "请画", "像素画：")
SOMEONE_EN = ("a hero", "someone", "a figure")
SOMEONE_ZH = ("英雄", "人", "角色")
ONE_ZH = ("一个", "一位", "一名", "")


def template_words() -> list[str]:
    """Every word that captions use beside the phrases and what leads to them."""
    return vocabulary(
        ["and", "和", "的", *OPENINGS_EN, *OPENINGS_ZH, *SOMEONE_EN, *SOMEONE_ZH, *ONE_ZH, *COLOURS_ZH]
    )


COLOURS_ZH = tuple(f"{colour}色的" for colour in "红橙黄绿青蓝紫黑白灰棕金粉")


def say(race: Attribute | None, parts: Sequence[Part], lang: str, random: Random) -> str:
    """A caption of a race and other parts, in this order of the parts."""
    said = [(slot, _words(attribute, lang, random)) for slot, attribute in parts]
    who = _words(race, lang, random) if race else ""
    if random.random() < TAGS:
        return _tags([who, *(words for _, words in said)], lang, random)
    return _chinese(who, said, random) if lang == "zh" else _english(who, said, random)


def _words(attribute: Attribute, lang: str, random: Random) -> str:
    words = attribute.words
    if attribute.others and random.random() < OTHER_WORDS:
        words = attribute.others[0]
    said = words.say(lang)
    if lang == "zh" and random.random() < OTHER_WORDS and said[0] + "色的" in COLOURS_ZH:
        return said if said[1] in "色" or said[0] + said[1] in _TWO_COLOURS else f"{said[0]}色的{said[1:]}"
    return said


_TWO_COLOURS = {first + second for first in "红黑蓝绿白" for second in "金红白绿边"} | {"金边"}


def _tags(words: Sequence[str], lang: str, random: Random) -> str:
    """Nothing but the phrases, with commas between them."""
    words = [word for word in words if word]
    random.shuffle(words)
    if lang == "zh":
        return random.choice("，、").join(words)
    bare = random.random() < BARE_TAGS
    return ", ".join(without_article(word) if bare else word for word in words)


def _english(who: str, parts: Sequence[tuple[Slot, str]], random: Random) -> str:
    """One sentence's worth: who, then each part after the words that lead to it."""
    text, lead = who or random.choice(SOMEONE_EN), ""
    for i, (slot, words) in enumerate(parts):
        last = i == len(parts) - 1 and i > 0
        glue = " and " if last and random.random() < 0.7 else (" " if i == 0 else ", ")
        if lead in slot.leads_en and glue == " and " and random.random() < SAME_LEAD:
            text += f"{glue}{words}"
        else:
            lead = random.choice(slot.leads_en)
            text += f"{glue}{lead} {words}"
    return f"{random.choice(OPENINGS_EN)} {text}" if random.random() < OPENED else text


def _chinese(who: str, parts: Sequence[tuple[Slot, str]], random: Random) -> str:
    """Either all parts before 的 and who, or who first and the parts after it."""
    who, one = who or random.choice(SOMEONE_ZH), random.choice(ONE_ZH)
    told = [f"{random.choice(slot.leads_zh)}{words}" for slot, words in parts]
    opening = random.choice(OPENINGS_ZH) if random.random() < OPENED else ""
    if told and random.random() < 0.5:
        return f"{opening}{one}{random.choice('、，').join(told)}的{who}"
    return opening + random.choice("，、").join([f"{one}{who}", *told])
