"""A picture as the text of codes that it is: what each code cost, what else could have stood there, what was looked at."""

import json
import math
from html import escape

import numpy as np

from aigc_demo.models.protocols import CodeOdds
from aigc_demo.ui.page.language import Words
from aigc_demo.ui.page.pictures import data_uri

MOST = 12.0  # bits at which a place is fully tinted


def code_odds_html(picture: np.ndarray, odds: CodeOdds, words: Words, lang: str) -> str:
    """The picture under a net of its T codes, each tinted by its bits; what is known of the chosen one stands beside.

    The patches stand in one picture, a row for each code and a column for each option; code_odds.js shows them.
    """
    say = words.translator(lang)
    bits = -odds.probability.clamp(min=2.0**-60).log2()
    side = math.isqrt(len(bits))
    cells = "".join(f'<i style="--bits:{min(cost / MOST, 1):.3f}"></i>' for cost in bits.tolist())
    total = f"{bits.sum():.0f}"
    facts = {
        "bits": np.round(bits.double().numpy(), 2).tolist(),
        "chances": np.round(odds.chances.double().numpy(), 4).tolist(),
        "looked": np.round(odds.looked.double().numpy(), 3).tolist(),
        "words": odds.words,
        "say": {
            "place": say("codes.place", place="{place}", count="{count}"),
            "cost": say("codes.cost", bits="{bits}", share="{share}"),
            "drawn": say("codes.drawn"),
            "other": say("codes.other", rank="{rank}"),
        },
    }
    sprite = np.concatenate([np.concatenate(list(row), axis=1) for row in odds.patches.numpy()], axis=0)
    return (
        f'<div class="code-odds" data-odds="{escape(json.dumps(facts, ensure_ascii=False))}" '
        f'style="--side:{side};--rows:{len(bits)};--options:{odds.patches.shape[1]};--patches:url({data_uri(sprite)})">'
        f'<p class="note">{escape(say("codes.help", total=total))}</p><div class="pair">'
        f'<div class="net" tabindex="0" role="slider" aria-label="{escape(say("codes.net"))}" aria-valuemin="1" '
        f'aria-valuemax="{len(bits)}" aria-valuenow="1"><img src="{data_uri(picture)}" alt="">{cells}</div>'
        f'<div class="told"><p class="cost"></p><p class="head">{escape(say("codes.looked"))}</p><ol class="looked"></ol>'
        f'<p class="head">{escape(say("codes.options"))}</p><ol class="options"></ol></div></div></div>'
    )
