"""Words that agree with what stands beside them: a or an, one or many, and the Chinese measure words (一只猫, 三本书)."""

from collections.abc import Mapping

NUMERALS = "零一两三四五六七八九十"
VOWELS = tuple("aeiou")
SILENT_H, GLIDES = (
    ("hour", "honest", "honour", "heir"),
    ("uni", "use", "eu", "one", "ura"),
)  # sounds, not letters
USUAL = "个"


def agree(text: str, modifier: str, words: tuple[str, ...], measures: Mapping[str, str]) -> str:
    """What stands in a slot for `text`.

    a: with its article. capital: its first letter large. plural ONE MANY: a number before the word that goes with it.
    measure: 一 and the noun's measure word before the noun; measure NOUN: a number, the noun's measure word, the noun.
    """
    if modifier == "a":
        return f"{article(text)} {text}"
    if modifier == "capital":
        return text[:1].upper() + text[1:]
    if modifier == "plural":
        return f"{text} {words[0] if text in ('1', '-1') else words[1]}"
    if modifier == "measure":
        noun = words[0] if words else text
        return f"{numeral(text) if words else '一'}{measures.get(noun, USUAL)}{noun}"
    return text


def article(word: str) -> str:
    """ "an" before the sound of a vowel."""
    low = word.lower()
    vowel = low.startswith(SILENT_H) or (low.startswith(VOWELS) and not low.startswith(GLIDES))
    return "an" if vowel else "a"


def numeral(text: str) -> str:
    """A number up to ten as it is read before a measure word: 2 is 两."""
    return NUMERALS[int(text)] if text.isdigit() and int(text) <= 10 else text
