"""Passages of the training text among what a language model writes."""

from collections import deque
from dataclasses import dataclass
from pathlib import Path

from aigc_demo import actions
from aigc_demo.actions.audit.material import Level, level_of, too_few
from aigc_demo.actions.audit.request import AuditRequest
from aigc_demo.core.errors import Stopped
from aigc_demo.core.stopping import Progress, Stop
from aigc_demo.metrics.least import enough_characters
from aigc_demo.metrics.memorisation import KnownText, copied_windows
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import family
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import TextRequest

COUNT = 32
BATCH = 8  # texts that go on from the same words
CHARACTERS = 400  # of a text
OPENING = 60  # characters of a held-out text that prose goes on from
SEARCHED = 20_000_000  # characters of training text
WINDOW = 50


@dataclass(frozen=True)
class TextAudit:
    """What `count` texts showed. Passages are counted in characters, which for prose are a quarter of a token or so.

    longest: the longest passage that stands in the training text, and how long that of as much held-out text is, by the
    same author or of the same kind. copies: share of the windows of WINDOW characters that stand there, in [0, 1].
    """

    card: ModelCard
    count: int
    characters: int
    compared: int
    longest: str
    longest_held_out: int | None
    copies: float
    copies_held_out: float | None

    @property
    def level(self) -> Level:
        """How much it copies."""
        return level_of(self.copies)


def audit_texts(
    request: AuditRequest,
    card: ModelCard,
    folder: Path,
    cache: ModelCache,
    stop: Stop,
    progress: Progress,
) -> TextAudit:
    """Have the model write from the openings of held-out texts, or verse without a title, and look the passages up."""
    train, held_out = family(card.family).part().training_texts(folder)
    count = request.count or COUNT
    openings = _openings(held_out, -(-count // BATCH), verse=card.language == "zh")
    written: list[str] = []
    for index, opening in enumerate(openings):
        asked = TextRequest(
            model=card.id,
            prompt=opening,
            prompt_is="opening" if opening else "title",
            form="qilu",  # of the forms the longest
            count=min(BATCH, count - len(written)),
            seed=request.seed + index,
            max_new_tokens=128,
            temperature=1.0,
            top_p=1.0,
            repetition_penalty=1.0,
        )
        result = deque(actions.write_text(asked, cache, stop), maxlen=1).pop()
        if stop():
            raise Stopped
        written += [sample.text[:CHARACTERS] for sample in result.samples]
        progress(0.8 * (index + 1) / len(openings))
    return cache.run(card, lambda _: _compared(card, written, train, held_out, stop), stop)


def _compared(
    card: ModelCard, written: list[str], train: list[str], held_out: list[str], stop: Stop
) -> TextAudit:
    if not (enough_characters(written) and enough_characters(train)):
        raise too_few(len(written))
    known = KnownText(train, SEARCHED)
    usual = _passages(held_out, written) if enough_characters(held_out) else []
    longest, longest_usual = _longest(written, known, stop), _longest(usual, known, stop)
    return TextAudit(
        card,
        len(written),
        sum(map(len, written)),
        len(known.text),
        longest=longest,
        longest_held_out=len(longest_usual) if usual else None,
        copies=copied_windows(written, known, WINDOW),
        copies_held_out=copied_windows(usual, known, WINDOW) if usual else None,
    )


def _longest(texts: list[str], known: KnownText, stop: Stop) -> str:
    """The longest passage in any of the texts that is known."""
    longest = ""
    for text in texts:
        if stop():
            raise Stopped
        longest = max(longest, known.longest_passage(text), key=len)
    return longest


def _openings(texts: list[str], count: int, verse: bool) -> list[str]:
    """The first words of passages, evenly from the texts; none for verse, which needs none."""
    if verse:
        return [""] * count
    text = " ".join("\n".join(texts).split())
    starts = [text[i * len(text) // count :][:OPENING] for i in range(count)]
    return [start.partition(" ")[2].rpartition(" ")[0] or start for start in starts]


def _passages(texts: list[str], like: list[str]) -> list[str]:
    """Passages as many and as long as the texts in `like`, evenly from the texts; none where there are none."""
    text = "\n".join(texts)
    if not text.strip():
        return []
    return [text[i * len(text) // len(like) :][: len(one)] for i, one in enumerate(like)]
