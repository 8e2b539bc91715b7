"""Look inside a walk: how long z is on the sphere and on the straight path, and what each of them looks like."""

from collections.abc import Sequence

from aigc_demo.actions import WalkResult
from aigc_demo.ui.latent.scrubber import strip_html
from aigc_demo.ui.page.language import Words


def path_html(result: WalkResult, glances: Sequence[WalkResult], words: Words, lang: str) -> str:
    """Lengths of z along both paths of one walk, and the short films that show each path at a glance."""

    def say(key: str, **values: object) -> str:
        return words.say(key, lang, **values)

    strips = "".join(
        strip_html(glance.frames, say(f"choice.{glance.request.interpolation}")) for glance in glances
    )
    lengths = result.lengths
    half = {name: f"{rows[len(rows) // 2]:.2f}" for name, rows in lengths.items()}
    keys = "".join(
        f'<span class="key {name}">{say(f"choice.{name}")}: {length}</span>' for name, length in half.items()
    )
    ends = lengths["slerp"][0], lengths["slerp"][-1]
    words_of_class = say("walk.no_class" if "reconstruct" in result.card.tasks else "walk.class_mix")
    return (
        f'<p class="note">{say("walk.lengths")}</p>{_chart(lengths, say("walk.lengths_short", **half))}'
        f'<p class="note keys"><span>A: {ends[0]:.2f}</span><span class="halfway">{say("walk.halfway")} {keys}</span>'
        f'<span>B: {ends[1]:.2f}</span></p><p class="note">{say("walk.why")} {words_of_class}</p>{strips}'
    )


def _chart(lengths: dict[str, list[float]], name: str) -> str:
    """A line a path over t, from length 0 at the bottom."""
    top = 1.1 * max(max(rows) for rows in lengths.values()) or 1.0
    lines = "".join(
        f'<polyline class="{kind}" points="'
        + " ".join(f"{100 * i / (len(rows) - 1):.2f},{100 - 100 * r / top:.2f}" for i, r in enumerate(rows))
        + '"/>'
        for kind, rows in lengths.items()
    )
    return f'<svg class="lengths" viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label="{name}">{lines}</svg>'
