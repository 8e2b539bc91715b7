"""evaluate: figures of one to four models with intervals, as a table; --out writes the labelled report."""

import sys

from aigc_demo.cli.ask import check_ending, write
from aigc_demo.cli.flags import Answer, Asked
from aigc_demo.schemas import task_of
from aigc_demo.schemas.evaluate import EvaluateRequest


def evaluate(asked: Asked) -> Answer:
    """Measure, and print the table; how far it is goes to standard error where that is a terminal."""
    from aigc_demo import actions
    from aigc_demo.actions.evaluate.figures import VERDICTS, figures

    request = asked.request(EvaluateRequest)
    endings = task_of(request).endings
    check_ending(asked.flags.out, endings)

    def progress(share: float) -> None:
        if sys.stderr.isatty():
            print(f"\r{share:4.0%}", end="", file=sys.stderr, flush=True)

    result = actions.evaluate(request, asked.cache, progress=progress)
    if sys.stderr.isatty():
        print("\r    \r", end="", file=sys.stderr)
    answer, lines = result.facts(), []
    for name in result.figures:
        words = figures()[name]
        lines.append(words.title.say(asked.lang))
        for row in (row for row in result.rows if row.figure == name):
            told = f"{words.told(row.interval.point)} [{words.told(row.interval.low)}, {words.told(row.interval.high)}]"
            if row.difference:
                ends = f"{words.change(row.difference.low)}, {words.change(row.difference.high)}"
                told += (
                    f"  {words.change(row.difference.point)} [{ends}] {VERDICTS[row.verdict].say(asked.lang)}"
                )
            lines.append(f"  {row.model:<16} {told}  n={row.interval.n}")
    lines += [result.signature, *(note.say(asked.lang) for note in result.notes)]
    if asked.flags.out:
        answer["files"] = [str(write(asked, actions.write_report, result, endings))]
        lines += answer["files"]
    return Answer(answer, "\n".join(lines))
