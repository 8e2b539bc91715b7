"""The report of an evaluation: one labelled file, in Markdown for people or in JSON for programs."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np

from aigc_demo import media
from aigc_demo.actions.evaluate import EvaluateResult, Row
from aigc_demo.actions.evaluate.figures import VERDICTS, figures
from aigc_demo.actions.evaluate.result import Made
from aigc_demo.actions.evaluate.votes import Votes, votes_facts
from aigc_demo.actions.save import recipe_of, stem
from aigc_demo.core.words import Text
from aigc_demo.media.pixels import to_picture
from aigc_demo.provenance.marking import PLAIN, Marking

PAIRS, FAILURES = 8, 4
SIDE = 64  # pixels of a picture in the report

HEAD = "| figure 指标 | model 模型 | value 数值 | 95 % | n | − first 与首个之差 | 95 % | verdict 结论 | held-out 留出数据 | by seed 分种子 |"
RULE = "|---|---|---|---|---|---|---|---|---|---|"


def write_report(
    result: EvaluateResult,
    folder: Path,
    suffix: str = ".md",
    marking: Marking = PLAIN,
    votes: Votes | None = None,
) -> Path:
    """The table with its signature, pairs side by side, failures, and what people preferred, where they were asked."""
    path = media.new_path(folder, f"evaluation-{stem(result)}", suffix)
    facts: dict[str, Any] = result.facts()
    if votes:
        facts["people"] = votes_facts(votes)
    return media.save_text(report(result, votes), path, recipe_of(result.request, result.card), facts)


def report(result: EvaluateResult, votes: Votes | None = None) -> str:
    """The report in Markdown, in both languages."""
    names = ", ".join(card.id for card in result.cards)
    parts = [
        f"# {names}",
        f"Evaluation on {result.data} 在 {result.data} 上的评测",
        table(result),
        f"`{result.signature}`",
        *(f"- {note.en} {note.zh}" for note in result.notes),
        *people(votes),
        *_side_by_side(result),
        *_failures(result),
    ]
    return "\n\n".join(parts)


def table(result: EvaluateResult) -> str:
    """The rows as a table in Markdown."""
    return "\n".join([HEAD, RULE, *(line(row) for row in result.rows)])


def line(row: Row) -> str:
    """One row of it."""
    words, known = figures()[row.figure], row.difference
    cells = [
        f"{words.title.en} {words.title.zh}" if words.title.en != words.title.zh else words.title.en,
        row.model,
        words.told(row.interval.point),
        f"{words.told(row.interval.low)} … {words.told(row.interval.high)}",
        str(row.interval.n),
        words.change(known.point) if known else "",
        f"{words.change(known.low)} … {words.change(known.high)}" if known else "",
        f"{row.verdict} {VERDICTS[row.verdict].zh}".strip(),
        "" if row.real is None else words.told(row.real),
        ", ".join(map(words.told, row.by_seed)) if len(row.by_seed) > 1 else "",
    ]
    return f"| {' | '.join(cells)} |"


def people(votes: Votes | None) -> list[str]:
    """What people preferred, blind."""
    if votes is None:
        return []
    lines = [
        f"- {model}: {share.point:.0%} ({share.low:.0%} … {share.high:.0%}); "
        f"Bradley-Terry {beta.point:+.2f} ({beta.low:+.2f} … {beta.high:+.2f})"
        for model, share, beta in votes.strengths()
    ]
    head = f"## People 人 · {votes.count} pairs 对, blind 盲评 · sign test 符号检验 p = {votes.p():.3g}"
    return [head, "\n".join(lines)]


def _side_by_side(result: EvaluateResult) -> list[str]:
    parts = ["## Side by side 并排样例"]
    for place in range(min(PAIRS, min(map(len, result.made), default=0))):
        prompt = result.prompts[place] if place < len(result.prompts) else Text("", "")
        parts.append(f"**{place + 1}. {prompt.en}**".replace(". **", ".**"))
        if place < len(result.wanted):
            parts.append(f"held-out 留出：{_shown(result.wanted[place])}")
        parts += [
            f"{card.id}：{_shown(made[place])}" for card, made in zip(result.cards, result.made, strict=True)
        ]
    return parts


def _failures(result: EvaluateResult) -> list[str]:
    parts = ["## Failures 失败样例"]
    for card, failures in zip(result.cards, result.failures, strict=True):
        for failure in failures[:FAILURES]:
            wanted = "" if failure.wanted is None else f" · {_shown(failure.wanted)}"
            parts.append(
                f"{card.id}：{_shown(failure.made)}{wanted}\n\n*{failure.words.en} {failure.words.zh}*"
            )
    return parts if len(parts) > 1 else []


def _shown(made: Made) -> str:
    """A text as one paragraph, a picture as a picture inside the file."""
    if isinstance(made, str):
        return " ".join(made.split())
    return f"![]({data_address(made)})"


def data_address(picture: np.ndarray, side: int = SIDE) -> str:
    """A picture (H, W[, 3]) uint8 as a data: address, a PNG of about `side` pixels."""
    file = io.BytesIO()
    to_picture(picture, max(side // picture.shape[1], 1)).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
