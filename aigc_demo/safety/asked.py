"""Requests before anything is computed: the words that a visitor chose."""

from collections.abc import Iterator, Sequence

from aigc_demo.core.settings import Settings
from aigc_demo.safety.verdict import ALLOWED, Verdict
from aigc_demo.safety.words import Place, WordFilter
from aigc_demo.schemas import ChatRequest, DrawRequest, Request, RewriteRequest, TextRequest, WalkRequest


def check_asked(request: Request, settings: Settings) -> None:
    """An InputError with the reason where the words of a request are refused."""
    drawn = isinstance(request, DrawRequest | WalkRequest)
    verdict = check_words(list(words_of_request(request)), settings, "pictures" if drawn else "everywhere")
    if not verdict.allowed:
        raise verdict.error()


def check_words(texts: Sequence[str], settings: Settings, place: Place = "everywhere") -> Verdict:
    """The first refusal among the texts, or ALLOWED. `place` "pictures": these are prompts of pictures.

    Pictures of sexualised minors are refused in every mode; all else where the filter is on.
    """
    if settings.rules.content_filter:
        found = WordFilter(("everywhere", "pictures") if place == "pictures" else ("everywhere",))
    elif place == "pictures":
        found = WordFilter(("everywhere", "pictures"), ["minors"])
    else:
        return ALLOWED
    return next((verdict for verdict in found.check(texts) if not verdict.allowed), ALLOWED)


def words_of_request(request: Request) -> Iterator[str]:
    """What of a request is searched. Not a negative prompt: it names what shall not be seen."""
    if isinstance(request, TextRequest):
        yield f"{request.prompt}\n{request.heads}"
        yield request.continue_from
    elif isinstance(request, ChatRequest):
        yield from (request.system, request.continue_from)
        yield from (message.content for message in request.messages)
    elif isinstance(request, RewriteRequest):
        yield request.text
    elif isinstance(request, DrawRequest):
        yield request.prompt
    elif isinstance(request, WalkRequest):
        yield from (request.from_prompt, request.to_prompt)
