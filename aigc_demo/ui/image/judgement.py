"""What a discriminator makes of a picture: a verdict in words, and a map of what it looks at."""

from typing import Literal

import numpy as np

from aigc_demo import actions
from aigc_demo.actions import ImageResult
from aigc_demo.core.stopping import Stop, never
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.language import Say

# Shares of real pictures that the discriminator finds less real. Above one half a picture passes for one of the better
# real ones. Below a tenth it could be refused at the price of one real picture in ten.
FOOLED, CAUGHT = 0.5, 0.1
# Of the map: what makes it look real, and what gives it away; told apart by those who see no red and green, too.
REAL, AWAY = (255, 122, 26), (38, 132, 255)
DIMMED, STRONGEST = 0.55, 0.85  # brightness of the picture under the map, and the most that the map covers

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


def coloured(picture: np.ndarray, look: np.ndarray) -> np.ndarray:
    """A picture (H, W[, 3]) uint8 under its map, float (H, W): the stronger, the more of the colour. (H, W, 3) uint8."""
    grey = picture if picture.ndim == 2 else picture.mean(axis=2)
    share = look / max(float(np.abs(look).max()), 1e-9)
    colour = np.where(share[..., None] > 0, REAL, AWAY)
    cover = STRONGEST * np.abs(share)[..., None]
    return (DIMMED * grey[..., None] * (1 - cover) + colour * cover).round().astype(np.uint8)


def look_html(result: ImageResult, index: int, cache: ModelCache, say: Say, stop: Stop = never) -> str:
    """The map of one picture as a figure, and what its colours mean; nothing where no discriminator judges."""
    if result.scores is None:
        return ""
    look = actions.look_of_critic(result, index, cache, stop)
    return pictures.figure(coloured(result.pictures[index], look), say("judge.map"))


def numbers_html(result: ImageResult, index: int, say: Say) -> str:
    """The raw numbers behind a verdict, in a fold."""
    if result.scores is None:
        return ""
    share, score = f"{result.percentiles[index]:.0%}", f"{result.scores[index]:+.2f}"
    lines = f"<p>{say('judge.share', share=share)}</p><p>{say('judge.logit', score=score)}</p>"
    return f"<details><summary>{say('judge.numbers')}</summary>{lines}</details>"
