"""Text in the forms that words are looked for in, so that a word is found however it is dressed up.

Not found all the same: other alphabets' look-alikes, pinyin and other romanisations, words split over lines,
misspellings, other languages, and whatever is said without the words.
"""

import re
import unicodedata
from functools import cache

SIGNS = r"*_~|+·•"  # put between letters to hide a word, and seldom for anything else
CJK = r"[㐀-鿿]"
LEET = str.maketrans("0134578@$", "oieastbas")
_LEET_WORD = re.compile(r"[a-z0-9@$]*[a-z][a-z0-9@$]*")
_SPELLED = re.compile(r"(?<![a-z0-9])[a-z](?:[ .\-]{0,2}[ .\-" + SIGNS + r"][a-z])+(?![a-z0-9])")
_HIDDEN = re.compile(rf"(?<=[a-z])[{SIGNS}]+(?=[a-z])")
_APART = re.compile(rf"(?<={CJK})[ \t.\-/\\^#{SIGNS}]+(?={CJK})")
_DRAWN_OUT = re.compile(r"([a-z])\1{2,}")


def forms(text: str) -> tuple[str, ...]:
    """`text` without what does not change its words, and, where it differs, with disguises taken off.

    First NFKC (full-width letters, ligatures), case folded, without invisible and combining characters, spaces made
    one, traditional characters simplified. Then "p0rn" and "p.o.r.n" and "po*rn" are porn, "色 情" is 色情; letters drawn out are written once.
    """
    plain = "".join(
        char
        for char in unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
        if unicodedata.category(char) not in ("Cf", "Mn", "Cc") or char in "\n\t"
    )
    plain = re.sub(r"[ \t\xa0]+", " ", plain)
    if re.search(CJK, plain):
        plain = plain.translate(_simplified())
    open_faced = _SPELLED.sub(lambda found: re.sub(r"[^a-z]", "", found[0]), plain)
    open_faced = _HIDDEN.sub("", open_faced)
    open_faced = _APART.sub("", open_faced)
    open_faced = _LEET_WORD.sub(lambda found: found[0].translate(LEET), open_faced)
    open_faced = _DRAWN_OUT.sub(r"\1", open_faced)
    return (plain,) if plain == open_faced else (plain, open_faced)


@cache
def _simplified() -> dict[int, str]:
    """Each traditional character with its simplified one; none, where OpenCC is not installed."""
    try:
        from opencc import OpenCC
    except ImportError:
        return {}
    characters = [chr(code) for code in range(0x3400, 0xA000)]
    simple = OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return {ord(old): new for old, new in zip(characters, simple, strict=True) if old != new}
