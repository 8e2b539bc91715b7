"""What a discriminator makes of a picture: a verdict in words, and a map of what it looks at."""

from typing import Literal

from aigc_demo import actions
from aigc_demo.actions import ImageResult
from aigc_demo.core.stopping import Stop, never
from aigc_demo.media.overlay import under_map
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.language import Say

# Shares of real pictures that the discriminator finds less real. Above one half a picture passes for one of the better
# real ones. Below a tenth it could be refused at the price of one real picture in ten.
FOOLED, CAUGHT = 0.5, 0.1

Verdict = Literal["fooled", "unsure", "caught"]


def verdict(share: float) -> Verdict:
    """What the share of real pictures that look less real says of a picture."""
    if share > FOOLED:
        return "fooled"
    return "unsure" if share >= CAUGHT else "caught"


def summary(result: ImageResult, say: Say) -> str:
    """How many pictures fooled the discriminator, left it unsure, and were caught."""
    verdicts = [verdict(share) for share in result.percentiles or []]
    counts = {name: verdicts.count(name) for name in ("fooled", "unsure", "caught")}
    return say("judge.summary", **counts) if verdicts else ""


def look_html(result: ImageResult, index: int, cache: ModelCache, say: Say, stop: Stop = never) -> str:
    """The map of one picture as a figure, and what its colours mean; nothing where no discriminator judges."""
    if result.scores is None:
        return ""
    look = actions.look_of_critic(result, index, cache, stop)
    return pictures.figure(under_map(result.pictures[index], look), say("judge.map"))


def numbers_html(result: ImageResult, index: int, say: Say) -> str:
    """The raw numbers behind a verdict, in a fold."""
    if result.scores is None:
        return ""
    share, score = f"{result.percentiles[index]:.0%}", f"{result.scores[index]:+.2f}"
    lines = f"<p>{say('judge.share', share=share)}</p><p>{say('judge.logit', score=score)}</p>"
    return f"<details><summary>{say('judge.numbers')}</summary>{lines}</details>"
