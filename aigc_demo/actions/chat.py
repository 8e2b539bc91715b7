"""Have a chat model answer a conversation."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aigc_demo import safety
from aigc_demo.actions.base import check_beginning, find_adapter, put_adapter
from aigc_demo.actions.watermark import mark_of, settle_mark
from aigc_demo.core.stopping import Stop, never
from aigc_demo.core.words import Text, plain
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.protocols import TokenChoice
from aigc_demo.runtime import registry
from aigc_demo.runtime.batching import Pending
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.zero_gpu import on_gpu
from aigc_demo.schemas import ChatRequest

if TYPE_CHECKING:
    from aigc_demo.models.protocols import ChatModel


@dataclass
class ChatResult:
    """An answer as it grows, with the odds of each token.

    `ended`: the model said all it wanted to; else it was stopped, or the length limit cut it off. `note` says how the
    conversation or the settings were changed, if they were.
    """

    request: ChatRequest
    card: ModelCard
    tokens: list[TokenChoice] = field(default_factory=list)
    ended: bool = False
    note: Text | None = None

    def facts(self) -> dict[str, Any]:
        """What a program is told beside the files."""
        return {"text": self.text, "ended": self.ended, "note": plain(self.note)}

    @property
    def text(self) -> str:
        """What was said so far."""
        return "".join(token.text for token in self.tokens)


@on_gpu(keeps_part=True)
def chat(request: ChatRequest, cache: ModelCache, stop: Stop = never) -> Iterator[ChatResult]:
    """Yield the result after every token, the same object growing; it ends early when `stop()` turns true.

    Several readers of one model of this machine are answered together.
    """
    card = registry.find_card(request.model, cache.settings, "chat")
    adapter = find_adapter(request, cache.settings)
    check_beginning(request, card)
    safety.check_asked(request, cache.settings)
    request, unmarked = settle_mark(request, card, cache.settings)
    result, stream_filter = ChatResult(request, card), safety.StreamFilter(cache.settings)
    answer = _together if card.kind == "causal_lm" else _alone
    for token in answer(result, adapter, cache, stop):
        result.tokens.append(token)
        if cut := stream_filter.check(result.tokens):
            result.note = cut
            break
        yield result
    if cut := stream_filter.check(result.tokens, whole=True):
        result.note = cut
    cut_off = stop() or stream_filter.ended or len(result.tokens) >= request.max_new_tokens
    result.ended = not cut_off
    result.note = result.note or unmarked
    yield result


def _settings(request: ChatRequest, cache: ModelCache) -> dict[str, Any]:
    """What a model is told: all but who is to answer."""
    told = request.model_dump(exclude={"model", "adapter", "adapter_weight", "watermark"})
    return told | {"mark": mark_of(request, cache.settings)}


def _alone(
    result: ChatResult, adapter: ModelCard | None, cache: ModelCache, stop: Stop
) -> Iterator[TokenChoice]:
    """The answer of a model that one reader borrows at a time, or of one on a server."""

    def work(model: "ChatModel") -> Iterator[TokenChoice]:
        put_adapter(model, adapter, result.request.adapter_weight)
        result.tokens.clear()  # a second try begins anew
        yield from model.chat(**_settings(result.request, cache), stop=stop)
        result.note = model.note

    yield from cache.stream(result.card, work, stop)


def _together(
    result: ChatResult, adapter: ModelCard | None, cache: ModelCache, stop: Stop
) -> Iterator[TokenChoice]:
    """The answer of a model whose readers share a batch."""
    request = result.request

    def encode(model: Any, stopped: Stop) -> Any:
        encoded, result.note = model.chat_request(**_settings(request, cache), stop=stopped)
        return encoded

    pending = Pending(
        card=result.card,
        key=(adapter and adapter.folder, request.adapter_weight if adapter else 0.0),
        prepare=lambda model: put_adapter(model, adapter, request.adapter_weight),
        encode=encode,
        stop=stop,
    )
    yield from cache.batches(result.card).submit(pending)
