"""A sweep as its processes leave it on the disk, written by hand: six runs of known figures, one of them unfinished."""

import json

from aigc_demo.jobs import TrainRequest
from aigc_demo.jobs.folder import JobFolder
from aigc_demo.jobs.sweep import SweepRequest
from aigc_demo.jobs.sweep.folder import SWEEPS, SweepFolder
from aigc_demo.jobs.sweep.sweeps import run_name

POINTS = [{"learning_rate": rate, "batch_size": size} for rate in (0.002, 0.02, 0.2) for size in (4, 8)]
FIGURES = [3.91, 3.62, 2.871, 2.702, 3.1, None]
INTERVALS = {
    "validation": {"point": 2.702, "low": 2.61, "high": 2.79, "n": 20},
    "test": {"point": 2.744, "low": 2.66, "high": 2.83, "n": 20},
    "optimism": {"point": 0.042, "low": -0.08, "high": 0.165},
}


def write_sweep(settings, name="tune", state="done", points=None, figures=None, figure="bits_per_character"):
    """Write it; its folder."""
    points, figures = points or POINTS, figures or FIGURES
    base = TrainRequest(family="transformer", data="lessons", name=name, steps=60, held_out="half")
    vary = {key: ", ".join(dict.fromkeys(str(point[key]) for point in points)) for key in points[0]}
    folder = SweepFolder(settings.own_runs_dir / SWEEPS / name)
    folder.path.mkdir(parents=True)
    folder.write(SweepRequest(base=base, vary=vary), points)
    for place, (point, value) in enumerate(zip(points, figures, strict=True)):
        run = JobFolder(settings.own_runs_dir / run_name(name, place))
        run.path.mkdir(parents=True)
        run.write_request(base.model_copy(update={**point, "name": run.name}))
        step = 60 if value is not None else 15
        ended = "done" if value is not None else "stopped"
        run.update(state=ended, started_at=100.0 * place, ended_at=100.0 * place + 40, device="cpu")
        lines = [{"step": s, "seconds": s / 2, "held_out": 5 - s / 30} for s in range(15, step + 1, 15)]
        (run.path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        if value is not None:
            (run.path / "figures.json").write_text(json.dumps({figure: value}))
    known = [value for value in figures if value is not None]
    best = figures.index(min(known))
    folder.update(state=state, asked_at=1.0, ended_at=2.0, chosen=best if state == "done" else None)
    if state == "done":
        rows = []
        for place, value in enumerate(figures):
            if value is not None and place != best:
                gap = value - min(known)
                ends = {"point": gap, "low": gap - 0.2, "high": gap + 0.2, "n": 20}
                rows.append({"run": run_name(name, place), "difference": ends, "told_apart": gap > 0.2})
        result = {**INTERVALS, "best": run_name(name, best), "runs": rows, "runs_compared": len(known)}
        folder.write_result(result)
    return folder
