"""Small tokenizers for models of random weights, for tests and for trying the app without weights."""

from typing import Any

from aigc_demo.language.forms import FORMS
from aigc_demo.language.tokenizer import build_bytes, build_characters

VERSE = (
    "国破山河在，城春草木深。感时花溅泪，恨别鸟惊心。烽火连三月，家书抵万金。白头搔更短，浑欲不胜簪。"
    "床前明月光，疑是地上霜。举头望明月，低头思故乡。春望静夜思生日快乐夏秋冬四季风雨云天人年江水登高夜中"
)
PROSE = "It is a truth universally acknowledged, that a single man in possession of a good fortune must be in want of a wife."


def debug_tokenizer(language: str) -> tuple[Any, tuple[str, ...], int]:
    """A tokenizer, the forms and a context length: "zh" writes verse by characters, "en" prose by byte-level BPE."""
    if language == "zh":
        return build_characters([VERSE], 512, [form.control for form in FORMS.values()]), tuple(FORMS), 96
    return build_bytes([PROSE], 300), (), 32
