"""Have a chat model answer a conversation."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aigc_demo import registry
from aigc_demo.actions.base import Stop, find_adapter, never, put_adapter
from aigc_demo.cards import ModelCard
from aigc_demo.contracts import ChatRequest, TokenChoice
from aigc_demo.runtime import ModelCache

if TYPE_CHECKING:
    from aigc_demo.contracts import ChatModel


@dataclass
class ChatResult:
    """An answer as it grows, with the odds of each token.

    `ended`: the model said all it wanted to; else it was stopped, or the length limit cut it off. `note` says how the
    conversation or the settings were changed, (en, zh), if they were.
    """

    request: ChatRequest
    card: ModelCard
    tokens: list[TokenChoice] = field(default_factory=list)
    ended: bool = False
    note: tuple[str, str] | None = None

    @property
    def text(self) -> str:
        """What was said so far."""
        return "".join(token.text for token in self.tokens)


def chat(request: ChatRequest, cache: ModelCache, stop: Stop = never) -> Iterator[ChatResult]:
    """Yield the result after every token, the same object growing; it ends early when `stop()` turns true."""
    card = registry.find_card(request.model, cache.settings, "chat")
    adapter = find_adapter(request, cache.settings)
    settings = request.model_dump(exclude={"model", "adapter", "adapter_weight"})

    def work(model: "ChatModel") -> Iterator[ChatResult]:
        put_adapter(model, adapter, request.adapter_weight)
        result = ChatResult(request, card)
        for token in model.chat(**settings, stop=stop):
            result.tokens.append(token)
            yield result
        result.ended = not stop() and len(result.tokens) < request.max_new_tokens
        result.note = model.note
        yield result

    yield from cache.stream(request.model, "chat", work, stop)
