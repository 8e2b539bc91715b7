"""Have a sequence-to-sequence model rewrite a text: translate, summarise, answer a line of verse."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from aigc_demo import safety
from aigc_demo.core.stopping import Stop, never
from aigc_demo.core.words import Text, plain
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.protocols import TokenChoice
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.zero_gpu import on_gpu
from aigc_demo.schemas import RewriteRequest

if TYPE_CHECKING:
    from aigc_demo.models.protocols import Rewriter


@dataclass
class RewriteResult:
    """A translation or summary as it grows.

    source: the tokens of the original as the model reads them. attention (T_out, T_in): what of the source each token of
    the answer came from, by attention or what `looks` says (models/protocols.py); filled at the end, None where the text is
    too long for it. note: how a long text was read.
    """

    request: RewriteRequest
    card: ModelCard
    source: list[str] = field(default_factory=list)
    tokens: list[TokenChoice] = field(default_factory=list)
    text: str = ""
    attention: np.ndarray | None = None
    looks: str = "cross"
    note: Text | None = None

    def facts(self) -> dict[str, Any]:
        """What a program is told beside the files."""
        return {"text": self.text, "note": plain(self.note)}


@on_gpu(keeps_part=True)
def rewrite(request: RewriteRequest, cache: ModelCache, stop: Stop = never) -> Iterator[RewriteResult]:
    """Yield the result after every token (with beams, after every part of the text), the same object growing."""
    card = registry.find_card(request.model, cache.settings, "rewrite")
    safety.check_asked(request, cache.settings)

    def work(model: "Rewriter") -> Iterator[RewriteResult]:
        result = RewriteResult(request, card, looks=model.looks)
        options = {name: getattr(request, name) for name in model.options}
        parts = model.cut(request.text, request.task)
        result.source = [label for part in parts for label in part.source]
        if len(parts) > 1:
            result.note = Text(
                f"The text is longer than the model reads at once; it was read in {len(parts)} parts.",
                f"原文超出模型一次能读的长度，已分为 {len(parts)} 段依次处理。",
            )
        told, stream_filter, cut = [], safety.StreamFilter(cache.settings), None
        for part in parts:
            written, before = len(result.tokens), result.text
            for token in model.write(part, request.max_new_tokens, request.num_beams, stop, **options):
                result.tokens.append(token)
                result.text += token.text
                if cut := stream_filter.check(result.tokens):
                    break
                yield result
            if cut := cut or stream_filter.check(result.tokens, whole=True):  # the whole part is taken back
                del result.tokens[written:]
                result.text, result.note = before, cut
                break
            told.append(result.tokens[written:])
            result.text = result.text.rstrip() + part.behind
            if stop():
                break
        result.text = result.text.strip()
        result.attention = model.look(parts[: len(told)], told, len(result.source))
        yield result

    yield from cache.stream(card, work, stop)
