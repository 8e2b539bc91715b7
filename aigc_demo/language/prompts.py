"""From what a reader types to the token ids that a model starts from, and a word on what could not be read."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.language.forms import MARKS, find_form
from aigc_demo.language.tokenizer import END, SEPARATOR, START, UNKNOWN

TITLE_LENGTH = 16
LONGEST = 20_000


def simplify(text: str) -> str:
    """Traditional characters to simplified ones, as the training data was converted."""
    return _converter().convert(text)


@lru_cache(maxsize=1)
def _converter() -> Any:
    """OpenCC with its dictionaries, which take longer to load than a line to write."""
    from opencc import OpenCC

    return OpenCC("t2s")


def check_kept(kept: Sequence[int], limit: int) -> None:
    """An InputError where a beginning that is kept leaves nothing to write."""
    if len(kept) >= limit:
        raise InputError(
            en=f"The kept beginning has {len(kept)} tokens, of {limit} that may be written; keep less, or raise the length limit.",
            zh=f"保留的开头已有 {len(kept)} 个词元，而最多写 {limit} 个；请少保留一些，或调大最长词元数。",
        )


class Prompts:
    """Prompts of one model: of poems (`verse`), or of running text."""

    def __init__(self, tokenizer: Any, verse: bool, context_length: int) -> None:
        self.tokenizer, self.verse, self.context_length = tokenizer, verse, context_length
        self.start, self.end = tokenizer.token_to_id(START), tokenizer.token_to_id(END)
        self.separator, self.unknown = tokenizer.token_to_id(SEPARATOR), tokenizer.token_to_id(UNKNOWN)

    def encode(self, prompt: str, form: str | None, prompt_is: str) -> list[int]:
        """`<s><form>title<sep>`, or `<s><form><sep>opening`, or for prose `<s>prompt` (its last part, if too long)."""
        if prompt_is not in ("title", "opening"):
            raise InputError(
                en=f"prompt_is is {prompt_is!r}; give title or opening.",
                zh=f"prompt_is 为 {prompt_is!r}；请填 title 或 opening。",
            )
        if not self.verse:
            self._check_length(prompt)
            ids = self.tokenizer.encode(prompt, add_special_tokens=False).ids
            known = [token for token in ids if token != self.unknown]
            return [self.start, *known[-(self.context_length // 2) :]]
        known, _ = self._read(prompt)
        begin = [self.start, self.tokenizer.token_to_id(f"<{form}>")]
        if prompt_is == "title":
            return [*begin, *self._ids(known[:TITLE_LENGTH]), self.separator]
        if len(known) >= find_form(form).characters:
            raise InputError(
                en=f"The opening has {len(known)} characters, which leaves nothing to write; shorten it.",
                zh=f"开头已有 {len(known)} 个字，无可续写；请缩短。",
            )
        return [*begin, self.separator, *self._ids(known)]

    def kept(self, text: str) -> list[int]:
        """Token ids of a beginning that is kept; every character of a poem's must be known."""
        if not self.verse:
            self._check_length(text)
            return self.tokenizer.encode(text, add_special_tokens=False).ids
        known, unknown = self._read(text)
        if unknown:
            raise InputError(
                en=f"The model does not know {''.join(unknown)[:20]}; keep a beginning without it.",
                zh=f"模型不认识“{''.join(unknown)[:20]}”；请保留不含它的开头。",
            )
        return self._ids(known)

    def heads(self, text: str) -> list[int]:
        """Token ids of an acrostic's heads; every one must be known."""
        known, unknown = self._read(text)
        heads = [character for character in known if character not in MARKS]
        if unknown or not heads:
            raise InputError(
                en=f"The model does not know {''.join(unknown) or text}; choose other heads.",
                zh=f"模型不认识“{''.join(unknown) or text}”；请换用其他藏头字。",
            )
        return self._ids(heads)

    def note(self, prompt: str, prompt_is: str) -> Text | None:
        """What `encode` leaves out of the prompt, if anything; InputError where nothing of it is known."""
        if self.verse:
            known, unknown = self._read(prompt)
        else:
            known, unknown = [], self._unknown(prompt)
        if unknown:
            shown = "".join(dict.fromkeys(unknown))[:20]
            return Text(
                f"The model does not know {shown}; it reads the prompt without.",
                f"模型不认识“{shown}”，读提示时已略去。",
            )
        if self.verse and prompt_is == "title" and len(known) > TITLE_LENGTH:
            return Text(
                f"Of a title the model reads {TITLE_LENGTH} characters.",
                f"题目只读前 {TITLE_LENGTH} 个字。",
            )
        return None

    def _read(self, text: str) -> tuple[list[str], list[str]]:
        """Known and unknown characters of `text`, simplified, without spaces; marks become ， and 。."""
        self._check_length(text)
        plain = re.sub(r"\s", "", simplify(text))
        plain = re.sub("[,、：:；;]", "，", plain)
        plain = re.sub("[.!！?？]", "。", plain)
        known = [character for character in plain if self._is_known(character)]
        unknown = [character for character in plain if not self._is_known(character)]
        if unknown and not known:
            shown = "".join(dict.fromkeys(unknown))[:20]
            raise InputError(
                en=f"The model knows none of {shown}; write the prompt in Chinese characters.",
                zh=f"模型不认识“{shown}”；请用汉字书写提示。",
            )
        return known, unknown

    def _unknown(self, prompt: str) -> list[str]:
        """Characters of a prompt to running text that the tokenizer has not; bytes have all."""
        self._check_length(prompt)
        if self.unknown is None:
            return []
        return [character for character in prompt if not self._is_known(character)]

    def _is_known(self, character: str) -> bool:
        return self.tokenizer.token_to_id(character) is not None

    def _ids(self, characters: Iterable[str]) -> list[int]:
        return [self.tokenizer.token_to_id(character) for character in characters]

    @staticmethod
    def _check_length(text: str) -> None:
        if len(text) > LONGEST:
            raise InputError(
                en=f"The prompt has {len(text)} characters; give at most {LONGEST}.",
                zh=f"提示共 {len(text)} 个字符；最多 {LONGEST} 个。",
            )
