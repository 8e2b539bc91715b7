"""The result of a sweep in words, and as a labelled file for other programs: JSON, or CSV with the statements in comments."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from aigc_demo.core.disk import write_atomically
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.jobs.figure_words import figure_words
from aigc_demo.jobs.sweep.space import said
from aigc_demo.jobs.sweep.sweeps import Sweep, run_name
from aigc_demo.provenance import Provenance, Recipe

ORIGIN = Text(
    "Measured by AIGC Demo on models that it trained; the figures are measurements, not generated text.",
    "由 AIGC Demo 对其训练的模型测量所得；其中的数值是测量结果，不是生成的文本。",
)


def fields(sweep: Sweep) -> dict[str, Any]:
    """A sweep as one JSON object."""
    best = sweep.best()
    runs = [
        {
            "run": run_name(sweep.name, place),
            "settings": point,
            "state": job.state if job else "not begun",
            "step": job.step if job else 0,
            "seconds": job.seconds if job else 0.0,
            "validation": sweep.figure(place),
        }
        for place, (point, job) in enumerate(zip(sweep.points, sweep.jobs, strict=True))
    ]
    return {
        "name": sweep.name,
        "folder": str(sweep.folder),
        "state": sweep.status.state,
        "cause": vars(sweep.status.cause) if sweep.status.cause else None,
        "figure": sweep.goal.figure,
        "lower_is_better": sweep.goal.lower,
        "best": run_name(sweep.name, best) if best is not None else None,
        "seconds": sweep.spent,
        "request": sweep.request.model_dump(),
        "runs": runs,
        "result": dict(sweep.result),
    }


def verdict(sweep: Sweep) -> Text:
    """What is known of the best run, in a sentence or two; its test once there is one."""
    best = sweep.best() if sweep.status.chosen is None else sweep.status.chosen
    if best is None:
        return Text("No run has ended yet.", "还没有训练结束。")
    name, settings, result = run_name(sweep.name, best), said(sweep.points[best]), sweep.result
    figure = figure_words(sweep.goal.figure)
    if not result:
        return Text(
            f"Best so far: {name} ({settings.en}), {figure.en} {sweep.figure(best):.4g}.",
            f"目前最好：{name}（{settings.zh}），{figure.zh} {sweep.figure(best):.4g}。",
        )
    chosen, test, gap = (_interval(result.get(part) or {}) for part in ("validation", "test", "optimism"))
    count = result["runs_compared"]
    return Text(
        f"The best of {count}: {name} ({settings.en}). {figure.en}: {chosen} on the half that chose it, {test} on the half that "
        f"did not. By so much the first flatters: {gap}. The figure to tell others is {test}.",
        f"{count} 次中最好的是 {name}（{settings.zh}）。{figure.zh}：用于选择的一半上为 {chosen}，未参与选择的一半上为 {test}；"
        f"前者偏乐观 {gap}。对外应报告 {test}。",
    )


def _interval(found: dict[str, Any]) -> str:
    """A figure with its interval where it has one."""
    if found.get("point") is None:
        return "–"
    ends = f" [{found['low']:.3f}, {found['high']:.3f}]" if "low" in found else ""
    return f"{found['point']:.3f}{ends}"


def write_report(sweep: Sweep, path: Path) -> Path:
    """Write a sweep's table as .json or .csv, with where it comes from and the recipe of its base."""
    base = sweep.request.base
    recipe = Recipe(
        task="train",
        model=f"runs/{run_name(sweep.name, sweep.best() or 0)}",
        request={**base.model_dump(), "sweep": sweep.request.vary},
    )
    statements = {
        "notice": f"{ORIGIN.zh} {ORIGIN.en}",
        "recipe": json.loads(Provenance.new(recipe).recipe_json()),
    }
    whole = {name: value for name, value in fields(sweep).items() if name != "folder"}
    match path.suffix.lower():
        case ".json":
            text = json.dumps({**whole, **statements}, ensure_ascii=False, indent=2) + "\n"
        case ".csv":
            text = _csv(sweep, statements)
        case other:
            raise InputError(
                en=f"A sweep cannot be written as {other}; use .csv or .json.",
                zh=f"参数搜索不能写成 {other}；请用 .csv 或 .json。",
            )
    write_atomically(path, text.encode("utf-8"))
    return path


def _csv(sweep: Sweep, statements: dict[str, Any]) -> str:
    """A row a run; before them, in lines that begin with #, what the file says of itself."""
    told = {row["run"]: row for row in sweep.result.get("runs", [])}
    names = list(sweep.points[0])
    out = io.StringIO()
    for key, value in {**statements, "verdict": verdict(sweep).en}.items():
        out.write(f"# {key}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}\n")
    writer = csv.writer(out, lineterminator="\n")
    ends = ("point", "low", "high")
    writer.writerow(
        [
            "run",
            *names,
            "state",
            "step",
            "seconds",
            sweep.goal.figure,
            *(f"difference_{e}" for e in ends),
            "best",
        ]
    )
    whole = fields(sweep)
    for row in whole["runs"]:
        difference = told.get(row["run"], {}).get("difference", {})
        values = [row["settings"][name] for name in names]
        facts = [row["state"], row["step"], round(row["seconds"], 1), row["validation"]]
        writer.writerow(
            [
                row["run"],
                *values,
                *facts,
                *(difference.get(end, "") for end in ends),
                row["run"] == whole["best"],
            ]
        )
    return out.getvalue()
