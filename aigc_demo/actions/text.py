"""Have a language model write."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from aigc_demo import safety
from aigc_demo.actions.base import find_adapter, put_adapter
from aigc_demo.actions.watermark import mark_of, settle_mark
from aigc_demo.core.stopping import Stop, never
from aigc_demo.core.words import Text
from aigc_demo.language.drafts import Score, draft_seed, score
from aigc_demo.language.writers import settle
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
    """One text with the odds of each token; `cut`: why the content filter ended it, if it did."""

    tokens: list[TokenChoice] = field(default_factory=list)
    ended: bool = False
    cut: Text | None = None

    @property
    def text(self) -> str:
        """What was written so far."""
        return "".join(token.text for token in self.tokens)


@dataclass(frozen=True)
class Draft:
    """One of those that a sample is the best of, with its seed and what it is worth."""

    sample: TextSample
    seed: int
    score: Score


@dataclass
class TextResult:
    """Texts as they grow; `note` says what was changed about the prompt, if anything.

    Where a sample is the best of several drafts, the first one grows in its place. When all are done `drafts` has them,
    those of the first sample before those of the second.
    """

    request: TextRequest
    card: ModelCard
    samples: list[TextSample]
    note: Text | None = None
    drafts: list[Draft] = field(default_factory=list)

    def full_texts(self) -> list[str]:
        """The texts of all samples."""
        return [self.full_text(sample) for sample in self.samples]

    def full_text(self, sample: TextSample) -> str:
        """A sample with the opening, which belongs to the text it opens."""
        opening = self.request.prompt if self.request.prompt_is == "opening" else ""
        return (opening + sample.text).strip()

    def take(self, place: int) -> "TextResult":
        """A draft as the result: its seed alone gives it, as the only draft."""
        draft = self.drafts[place]
        request = self.request.model_copy(update={"seed": draft.seed, "drafts": 1, "count": 1})
        return replace(self, request=request, samples=[draft.sample])

    def choose(self, rows: list[TextSample]) -> None:
        """Take the best draft of each sample from `rows`; one that the content filter has cut comes last."""
        size = self.request.drafts
        for place, row in enumerate(rows):
            seed = draft_seed(self.request.seed + place // size, place % size)
            odds = [token.probability for token in row.tokens]
            self.drafts.append(Draft(row, seed, score(self.full_text(row), odds)))
        groups = (self.drafts[start : start + size] for start in range(0, len(rows), size))
        self.samples = [
            max(group, key=lambda draft: (draft.sample.cut is None, draft.score.total)).sample
            for group in groups
        ]

    def noted(self) -> "TextResult":
        """Itself; where the content filter has cut a sample, `note` says so."""
        self.note = next((sample.cut for sample in self.samples if sample.cut), self.note)
        return self

    def facts(self) -> dict[str, Any]:
        """What a program is told beside the files."""
        return {"texts": self.full_texts()}


@on_gpu(keeps_part=True)
def write_text(request: TextRequest, cache: ModelCache, stop: Stop = never) -> Iterator[TextResult]:
    """Yield the result after every token, the same object growing; it ends early when `stop()` turns true."""
    card = registry.find_card(request.model, cache.settings, "text")
    adapter = find_adapter(request, cache.settings)
    safety.check_asked(request, cache.settings)
    request = settle(request, card)
    request, unmarked = settle_mark(request, card, cache.settings)

    def work(model: "TextModel") -> Iterator[TextResult]:
        put_adapter(model, adapter, request.adapter_weight)
        rows = [TextSample() for _ in range(request.count * request.drafts)]
        result = TextResult(request, card, rows[:: request.drafts])
        result.note = model.check_prompt(request.prompt, request.prompt_is) or unmarked
        settings = request.model_dump(exclude={"model", "prompt", "adapter", "adapter_weight", "watermark"})
        settings["mark"] = mark_of(request, cache.settings)
        if not model.forms:
            settings.update(form=None, heads="")
        filters = [safety.StreamFilter(cache.settings) for _ in rows]
        for step in model.generate(request.prompt, stop=stop, **settings):
            for sample, stream_filter, token in zip(rows, filters, step.tokens, strict=True):
                if token is None:
                    sample.ended = True
                elif not stream_filter.ended:
                    sample.tokens.append(token)
                    sample.cut = stream_filter.check(sample.tokens) or sample.cut
            yield result.noted()
            if all(stream_filter.ended for stream_filter in filters):
                break
        for sample, stream_filter in zip(rows, filters, strict=True):
            sample.cut = stream_filter.check(sample.tokens, whole=True) or sample.cut
        if request.drafts > 1 and not stop():
            result.choose(rows)
        yield result.noted()

    yield from cache.stream(card, work, stop)
