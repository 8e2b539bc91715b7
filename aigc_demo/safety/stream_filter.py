"""Text while it is being written: ended, and cut back, at the words that the filter refuses."""

import re
from typing import Any

from aigc_demo.core.settings import Settings
from aigc_demo.core.words import Text
from aigc_demo.safety.verdict import Verdict
from aigc_demo.safety.words import WordFilter

EVERY = 4  # tokens between two checks
TAIL = 250  # characters that a check goes back: more than the widest pair and the longest words around it
LAST_WORD = re.compile(r"[a-zA-Z0-9@$]+$")
FIRST_WORD = re.compile(r"^[a-zA-Z0-9@$]+")
CUT = Text("The content filter ended the text here. {reason}", "内容过滤器在此处中止了文字。{reason}")


class StreamFilter:
    """Reads along with one text; where the filter is off, it sees nothing. `ended`: it has ended the text."""

    def __init__(self, settings: Settings) -> None:
        self.ended = False
        self._words = WordFilter(("everywhere",)) if settings.rules.content_filter else None

    def check(self, tokens: list[Any], whole: bool = False) -> Text | None:
        """Why the text ends here, if it has to; its tokens are then cut back to where it was allowed.

        Checks at every fourth token, and at the end of the text, `whole`. A word that may still go on is not judged:
        it is seen on the page for as long as the next tokens take.
        """
        if self._words is None or self.ended or not (whole or len(tokens) % EVERY == 0):
            return None
        verdict = self._judge(tokens, whole)
        if verdict.allowed:
            return None
        while tokens and not self._judge(tokens, whole=True).allowed:
            tokens.pop()
        self.ended = True
        return CUT.format(reason=verdict.reason)

    def _judge(self, tokens: list[Any], whole: bool) -> Verdict:
        recent, length = [], 0
        for token in reversed(tokens):
            recent.append(token.text)
            length += len(token.text)
            if length > TAIL:
                break
        text = "".join(reversed(recent))
        if len(recent) < len(tokens):
            text = FIRST_WORD.sub("", text)
        return self._words.check([text if whole else LAST_WORD.sub("", text)])[0]
