"""Have a language model write."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aigc_demo import safety
from aigc_demo.actions.base import check_beginning, find_adapter, put_adapter
from aigc_demo.actions.watermark import mark_of, settle_mark
from aigc_demo.core.stopping import Stop, never
from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.protocols import TokenChoice
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.zero_gpu import on_gpu
from aigc_demo.schemas import TextRequest

if TYPE_CHECKING:
    from aigc_demo.models.protocols import TextModel


@dataclass
class TextSample:
    """One text with the odds of each token."""

    tokens: list[TokenChoice] = field(default_factory=list)
    ended: bool = False

    @property
    def text(self) -> str:
        """What was written so far."""
        return "".join(token.text for token in self.tokens)


@dataclass
class TextResult:
    """Texts as they grow; `note` says what was changed about the prompt, if anything."""

    request: TextRequest
    card: ModelCard
    samples: list[TextSample]
    note: Text | None = None

    def full_texts(self) -> list[str]:
        """The texts of all samples; an opening belongs to the text it opens."""
        opening = self.request.prompt if self.request.prompt_is == "opening" else ""
        return [(opening + sample.text).strip() for sample in self.samples]

    def facts(self) -> dict[str, Any]:
        """What a program is told beside the files."""
        return {"texts": self.full_texts()}


@on_gpu(keeps_part=True)
def write_text(request: TextRequest, cache: ModelCache, stop: Stop = never) -> Iterator[TextResult]:
    """Yield the result after every token, the same object growing; it ends early when `stop()` turns true."""
    card = registry.find_card(request.model, cache.settings, "text")
    adapter = find_adapter(request, cache.settings)
    check_beginning(request, card)
    safety.check_asked(request, cache.settings)
    request, unmarked = settle_mark(request, card, cache.settings)

    def work(model: "TextModel") -> Iterator[TextResult]:
        put_adapter(model, adapter, request.adapter_weight)
        result = TextResult(request, card, [TextSample() for _ in range(request.count)])
        result.note = model.check_prompt(request.prompt, request.prompt_is) or unmarked
        settings = request.model_dump(exclude={"model", "prompt", "adapter", "adapter_weight", "watermark"})
        settings["mark"] = mark_of(request, cache.settings)
        if not model.forms:
            settings.update(form=None, heads="")
        filters = [safety.StreamFilter(cache.settings) for _ in result.samples]
        for step in model.generate(request.prompt, stop=stop, **settings):
            for sample, stream_filter, token in zip(result.samples, filters, step.tokens, strict=True):
                if token is None:
                    sample.ended = True
                elif not stream_filter.ended:
                    sample.tokens.append(token)
                    result.note = stream_filter.check(sample.tokens) or result.note
            yield result
            if all(stream_filter.ended for stream_filter in filters):
                break
        for sample, stream_filter in zip(result.samples, filters, strict=True):
            result.note = stream_filter.check(sample.tokens, whole=True) or result.note
        yield result

    yield from cache.stream(card, work, stop)
