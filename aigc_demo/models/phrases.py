"""What a model that draws can be asked for, phrase by phrase: slots such as race or weapon, each with its phrases.

Of a slot a prompt holds one phrase at most: choosing another one replaces it, wherever in the sentence it stands.
Kept as phrases.json beside the model.
"""

import json
import random as chance
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from aigc_demo.core.disk import write_json
from aigc_demo.core.words import Text

FILE = "phrases.json"
FEWEST, MOST = 2, 4  # further phrases of a random prompt
_SHORT = re.compile("([红橙黄绿青蓝紫黑白灰棕金粉])")
_COLOUR = re.compile(_SHORT.pattern + "色的?")
_COMMA = Text(", ", "，")
_ARTICLE = re.compile(r"^(an?|the) ")
_LEFT_OVER = re.compile(r"(?:(?<=\s)|^)(and|with|in)\s*(?=[,.]|$)")


@dataclass(frozen=True)
class Slot:
    """One kind of thing to ask for, what can stand there, and the words that lead to it in a sentence ("wearing")."""

    name: Text
    phrases: tuple[Text, ...]
    leads: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Phrases:
    """All slots; the first is what a sentence is about. Nothing can be looked up where there are none."""

    slots: tuple[Slot, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.slots)

    def found(self, prompt: str, lang: str) -> dict[int, int]:
        """Which phrase of which slot a prompt holds, by their places; of two phrases at one place the longer."""
        places = _places(self, lang)
        return {
            slot: phrase
            for match in reversed(list(_pattern(self, lang).finditer(prompt)))
            for slot, phrase in [places[_key(match[0], lang)]]
        }

    def insert(self, prompt: str, slot: int, phrase: int, lang: str) -> str:
        """The prompt with this phrase in place of the slot's phrase that it held, or behind a comma at its end."""
        words = self.slots[slot].phrases[phrase].say(lang)
        held = self._of_slot(prompt, slot, lang)
        if held:
            start, end = held[0].span()
            return self._cut(
                prompt[:start] + words + prompt[end:], held[1:], len(words) - (end - start), lang
            )
        before = prompt.rstrip(" ,.，。、;；")
        return before + _COMMA.say(lang) + words if before else words

    def remove(self, prompt: str, slot: int, lang: str) -> str:
        """The prompt without what it says for a slot, and without the words that led to it."""
        return self._cut(prompt, self._of_slot(prompt, slot, lang), 0, lang)

    def random(self, lang: str, random: chance.Random) -> str:
        """A whole prompt: one phrase of the first slot and some of others, with the words that lead to them."""
        if not self.slots:
            return ""
        others = list(range(1, len(self.slots)))
        some = sorted(random.sample(others, min(random.randint(FEWEST, MOST), len(others))))
        said = random.choice(self.slots[0].phrases).say(lang)
        for i in some:
            slot = self.slots[i]
            lead = slot.leads[0].say(lang) if slot.leads else ""
            words = random.choice(slot.phrases).say(lang)
            comma = _COMMA.say(lang) if lang == "zh" or not lead else " "
            said += comma + (f"{lead} {words}" if lead and lang != "zh" else lead + words)
        return said

    def _of_slot(self, prompt: str, slot: int, lang: str) -> list[re.Match[str]]:
        places = _places(self, lang)
        matches = _pattern(self, lang).finditer(prompt)
        return [match for match in matches if places[_key(match[0], lang)][0] == slot]

    def _cut(self, prompt: str, held: list[re.Match[str]], moved: int, lang: str) -> str:
        """The prompt without these phrases, which stand `moved` characters further on than they say."""
        if not held:
            return prompt
        for match in reversed(held):
            start, end = (place + moved for place in match.span())
            prompt = _without_lead(self, prompt[:start], lang) + prompt[end:]
        prompt = re.sub(r"\s+(?=[\s,.])", "", prompt)
        prompt = re.sub(r"([,，、])\s*(?=[,，、])", "", prompt)
        if lang != "zh":
            prompt = _LEFT_OVER.sub("", prompt)
        return prompt.strip(" ,，、")

    def save(self, folder: Path) -> None:
        """Write phrases.json into a model's folder."""
        write_json(folder / FILE, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> "Phrases":
        """The phrases of a model's folder; none where it has no such file."""
        path = folder / FILE
        return cls.read(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else cls()

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> "Phrases":
        """The phrases that `asdict` wrote."""
        return cls(
            tuple(
                Slot(
                    Text(**slot["name"]),
                    tuple(Text(**phrase) for phrase in slot["phrases"]),
                    tuple(Text(**lead) for lead in slot.get("leads", ())),
                )
                for slot in content["slots"]
            )
        )


def without_article(words: str) -> str:
    """An English phrase without its article."""
    return _ARTICLE.sub("", words)


def _key(words: str, lang: str) -> str:
    """A phrase by which it is looked up: 红色的袍 is 红袍, and Red  Robe is red robe."""
    return _COLOUR.sub(r"\1", words) if lang == "zh" else without_article(" ".join(words.lower().split()))


@lru_cache(maxsize=8)
def _places(phrases: Phrases, lang: str) -> dict[str, tuple[int, int]]:
    """Where each phrase stands: (slot, place), by its words without article."""
    return {
        _key(phrase.say(lang), lang): (i, j)
        for i, slot in reversed(list(enumerate(phrases.slots)))
        for j, phrase in enumerate(slot.phrases)
    }


@lru_cache(maxsize=8)
def _pattern(phrases: Phrases, lang: str) -> re.Pattern[str]:
    """Any phrase, the longest first; in English as whole words, with or without an article."""
    words = sorted(_places(phrases, lang), key=lambda key: (-len(key), key))
    if not words:
        return re.compile(r"(?!)")
    if lang == "zh":
        return re.compile("|".join(_SHORT.sub(r"\1(?:色的?)?", re.escape(key)) for key in words))
    alternatives = "|".join(r"\s+".join(map(re.escape, key.split())) for key in words)
    return re.compile(rf"\b(?:(?:an?|the)\s+)?(?:{alternatives})\b", re.IGNORECASE)


def _without_lead(phrases: Phrases, before: str, lang: str) -> str:
    """What stands before a phrase, without the words that lead to it."""
    leads = {lead.say(lang) for slot in phrases.slots for lead in slot.leads} | {"and", "和"}
    pattern = "|".join(re.escape(lead) for lead in sorted(leads, key=len, reverse=True) if lead)
    edge = "" if lang == "zh" else r"\b"
    return re.sub(rf"(?:[,，、]?\s*{edge}(?:{pattern})\s*)+$", " " if lang != "zh" else "", before)
