"""The watermark of what a language model writes: put in where it is asked for or the mode wants it, and looked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from aigc_demo.core.settings import Settings
from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import markable, runs_here
from aigc_demo.provenance.watermark.keys import mark_key
from aigc_demo.provenance.watermark.text import Finding, TextMark
from aigc_demo.runtime.registry import cards_for
from aigc_demo.schemas import ChatRequest, TextRequest

AnyRequest = TypeVar("AnyRequest", TextRequest, ChatRequest)
UNMARKED = Text(
    "No key could lean on the choice of these words, by a server's model or by rules, so this text carries no watermark.",
    "这些词由服务器上的模型或规则选定，密钥无从影响，因此这段文字没有水印。",
)


def settle_mark(request: AnyRequest, card: ModelCard, settings: Settings) -> tuple[AnyRequest, Text | None]:
    """The request with its watermark as it will be, and what to tell the reader, if anything.

    A public mode marks all that a model of this machine writes; a server's model chooses its tokens out of our reach, and rules draw none.
    """
    wanted = request.watermark or settings.rules.text_mark
    put = wanted and markable(card.family)
    return request.model_copy(update={"watermark": put}), UNMARKED if wanted and not put else None


def mark_of(request: TextRequest | ChatRequest, settings: Settings) -> TextMark | None:
    """The mark that a settled request asks for."""
    return text_mark(settings) if request.watermark else None


def text_mark(settings: Settings) -> TextMark:
    """The mark of this installation."""
    return TextMark(mark_key(settings, "text"))


@dataclass(frozen=True)
class TextFinding:
    """What was found of a text as one model's tokenizer cuts it."""

    model: str
    finding: Finding


def find_text_mark(text: str, settings: Settings) -> list[TextFinding]:
    """What the mark's detector says of a text, once for each tokenizer of the models here, the greenest first.

    A mark is in the tokens, and the same text is other tokens to other models. Trying `m` tokenizers gives chance `m`
    tries, so each p is multiplied by m (Bonferroni).
    """
    tokenizers = {}
    for task in ("text", "chat"):
        for card in cards_for(task, settings):
            if runs_here(card.family) and (card.folder / "tokenizer.json").is_file():
                tokenizers.setdefault(card.id, card)
    mark, total = text_mark(settings), len(tokenizers)
    found = [
        TextFinding(name, mark.detect(_cut(card, text)).among(total)) for name, card in tokenizers.items()
    ]
    return sorted(found, key=lambda item: item.finding.p)


def _cut(card: ModelCard, text: str) -> Sequence[int]:
    """The tokens of a text, without those that a tokenizer adds around it."""
    from tokenizers import Tokenizer

    tokenizer: Any = Tokenizer.from_file(str(card.folder / "tokenizer.json"))
    return tokenizer.encode(text, add_special_tokens=False).ids
