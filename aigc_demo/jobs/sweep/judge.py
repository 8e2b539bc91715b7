r"""The best run of a sweep and its test: the figure that chose it, the figure of the other half, and how much the first flatters.

With $\hat v$ the winner's figure on the half that chose it and $\hat t$ that on the half that had no part in it, the optimism
is $\hat t - \hat v$ where lower is better, else $\hat v - \hat t$. Its interval puts those of both together, as halves are of
different examples (Zou and Donner 2008, MOVER): $d \pm \sqrt{r_v^2 + r_t^2}$ with r the reach of each on its side.

Where a model tells how likely it finds each example, figures have 95 % intervals, and each run's difference from the best
is taken example by example, so that what all find hard cancels out.
"""

import math
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aigc_demo import __version__
from aigc_demo.core.errors import Stopped
from aigc_demo.core.settings import Settings
from aigc_demo.core.stopping import Stop
from aigc_demo.jobs.checks import find_start
from aigc_demo.jobs.halves import TEST, VALIDATION, write_half
from aigc_demo.jobs.learning import evaluate, make_plan
from aigc_demo.jobs.lease import take
from aigc_demo.jobs.sweep.sweeps import Sweep, run_name, run_request
from aigc_demo.models.family import family
from aigc_demo.models.protocols import LikelihoodModel

if TYPE_CHECKING:
    import numpy as np

MOST_EXAMPLES = 400  # of each half that likelihoods are told for
WAIT = 0.5  # seconds between two looks whether the device is free
RULE = "every other held-out example chooses (by turns within a class); the others test, once"


def judge(sweep: Sweep, best: int, settings: Settings, stop: Stop) -> dict[str, Any]:
    """The result of a sweep whose run `best` was chosen. Waits for the device; Stopped once `stop()` turns true."""
    from aigc_demo.runtime.cache import devices_for

    device = devices_for(settings.device)[0]
    lease = _wait_for(sweep, settings, device, stop)
    try:
        with tempfile.TemporaryDirectory(dir=sweep.folder) as temporary:
            return Judge(sweep, best, settings, device, Path(temporary), stop).result()
    finally:
        lease.release()


def _wait_for(sweep: Sweep, settings: Settings, device: str, stop: Stop) -> Any:
    from aigc_demo.jobs.lease import Leases

    lease = Leases(settings.runs_dir).device(device)
    while not take(lease, WAIT):
        if stop():
            raise Stopped
        time.sleep(WAIT)
    return lease


class Judge:
    """Both halves of the held-out data on the disk, and the runs that are measured on them."""

    def __init__(
        self, sweep: Sweep, best: int, settings: Settings, device: str, folder: Path, stop: Stop
    ) -> None:
        from aigc_demo.data.folders import open_folder

        self.sweep, self.best, self.settings, self.device, self.stop = sweep, best, settings, device, stop
        data = open_folder(
            sweep.request.base.data,
            settings.data_dir,
            settings.offline,
            paths=settings.rules.folder_paths,
            stop=stop,
            own_dir=settings.own_data_dir,
        )
        self.halves = {
            half: write_half(data, folder / str(half) / data.name, half) for half in (VALIDATION, TEST)
        }

    def result(self) -> dict[str, Any]:
        """What result.json holds."""
        goal, sweep = self.sweep.goal, self.sweep
        chosen = {"point": sweep.figure(self.best)}
        test = {"point": self.test_figure()}
        likelihoods = self.likelihoods()
        if self.best in likelihoods:
            from aigc_demo.metrics.intervals import bootstrap

            other = self.measured(self.best, TEST)
            chosen |= _reach(chosen["point"], bootstrap(likelihoods[self.best]))
            test |= _reach(test["point"], bootstrap(other))
        rows = [self.row(place, likelihoods) for place in range(len(sweep.points))]
        return {
            "sweep": sweep.name,
            "family": sweep.request.base.family,
            "data": sweep.request.base.data,
            "steps": sweep.request.base.steps,
            "search": sweep.request.search,
            "goal": {"figure": goal.figure, "lower_is_better": goal.lower},
            "best": run_name(sweep.name, self.best),
            "settings": sweep.points[self.best],
            "validation": chosen,
            "test": test,
            "optimism": optimism(chosen, test, goal.lower),
            "runs": rows,
            "runs_compared": sum(row["validation"] is not None for row in rows),
            "seconds": round(sweep.spent, 1),
            "split": RULE,
            "version": __version__,
        }

    def test_figure(self) -> float | None:
        """The winner's figure on the half that had no part in choosing it; the one time that this half is asked."""
        request = run_request(self.sweep, self.best)
        run = self.settings.own_runs_dir / request.name
        plan = make_plan(request, self.halves[TEST], run, find_start(request, self.settings))
        value = evaluate(request, plan, self.device).get(self.sweep.goal.figure)
        return float(value) if isinstance(value, int | float) else None

    def row(self, place: int, likelihoods: "Mapping[int, np.ndarray]") -> dict[str, Any]:
        """One run of the table."""
        job, figure = self.sweep.jobs[place], self.sweep.figure(place)
        row = {
            "run": run_name(self.sweep.name, place),
            "settings": self.sweep.points[place],
            "state": job.state if job else "not begun",
            "step": job.step if job else 0,
            "seconds": round(job.seconds, 1) if job else 0.0,
            "validation": figure,
        }
        if place == self.best or place not in likelihoods or self.best not in likelihoods:
            return row
        from aigc_demo.metrics.intervals import paired

        found = paired(likelihoods[self.best], likelihoods[place])
        ends = {"point": found.point, "low": found.low, "high": found.high, "n": found.n}
        return {**row, "difference": _rounded(ends), "told_apart": bool(found.told_apart)}

    def likelihoods(self) -> "dict[int, np.ndarray]":
        """For each finished run bits and characters of every example of the choosing half, (N, 2); empty where none are told."""
        if self.sweep.request.base.way != "full":
            return {}
        found = {}
        for place in range(len(self.sweep.points)):
            if (
                self.sweep.figure(place) is not None
                and (rows := self.measured(place, VALIDATION)) is not None
            ):
                found[place] = rows
        return found

    def measured(self, place: int, half: int) -> "np.ndarray | None":
        """Bits and characters of each example of a half, by one run; None where its family does not tell."""
        import numpy as np

        if self.stop():
            raise Stopped
        run = self.settings.own_runs_dir / run_name(self.sweep.name, place)
        model = family(self.sweep.request.base.family).part().load(run, self.device)
        if not isinstance(model, LikelihoodModel):
            return None
        rows = model.measure(self.halves[half], MOST_EXAMPLES, self.stop)
        return np.array([[row.nats / math.log(2), row.characters] for row in rows])


def _reach(point: float | None, found: Any) -> dict[str, Any]:
    """The interval around the figure that is told: as far to either side as that of the examples reaches."""
    if point is None:
        return {}
    low, high = point - (found.point - found.low), point + (found.high - found.point)
    return _rounded({"low": low, "high": high, "n": found.n})


def optimism(
    chosen: Mapping[str, float | None], test: Mapping[str, float | None], lower: bool
) -> dict[str, float]:
    """How much better than its test figure the figure looks that chose; with an interval where both have one."""
    if chosen["point"] is None or test["point"] is None:
        return {}
    first, second = (test, chosen) if lower else (chosen, test)
    point = first["point"] - second["point"]
    if "low" not in chosen or "low" not in test:
        return _rounded({"point": point})
    down = math.hypot(first["point"] - first["low"], second["high"] - second["point"])
    up = math.hypot(first["high"] - first["point"], second["point"] - second["low"])
    return _rounded({"point": point, "low": point - down, "high": point + up})


def _rounded(values: Mapping[str, float]) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}
