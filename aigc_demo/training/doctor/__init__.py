"""The training doctor: says what is going wrong while it happens, with evidence and one suggestion.

    diagnosis.py   what a diagnosis is, and the log as a few looks

What can befall each family (thresholds, words, sources) is in its diagnoses.py.

It reads the log and nothing else, so it costs nothing, and a run that goes on is told what is new to it only.
Divergence is not found here: training.loop must act on it at once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from aigc_demo.training.doctor.diagnosis import Chart, Diagnosis, Look, looks

GONE = 3  # looks without it, and a trouble is over


class Doctor:
    """Looks at a run after each line of its log, for what `chart` says can befall it; see training.loop.Doctor."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart

    def __call__(self, log: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Events of what has come up with the last line: each diagnosis once, and again only after it had gone."""
        if self.chart.marker not in log[-1]:
            return []
        now = looks(log, self.chart.marker)
        found = [(diagnosis, diagnosis.verdict(now)) for diagnosis in self.chart.diagnoses]
        return [d.event(evidence) for d, evidence in found if evidence and not known(d, now)]


def known(diagnosis: Diagnosis, now: Sequence[Look]) -> bool:
    """Whether it was seen at one of the last few looks too; what comes and goes is told once."""
    return any(diagnosis.verdict(now[:-ago]) for ago in range(1, 1 + GONE))
