"""Will it fit, and how long will it take? Answered before a run, by a few measured steps of that very run."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any, Literal

from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.core.processes import clean_environment
from aigc_demo.core.settings import Settings
from aigc_demo.core.stopping import Stop, never
from aigc_demo.core.words import Text, joined
from aigc_demo.jobs.job import duration
from aigc_demo.jobs.request import TrainRequest
from aigc_demo.jobs.spawn import flags_of
from aigc_demo.models.family import family

PATIENCE = 300.0  # seconds for a dry run, which may have to fetch its data first
LOOKS, SAMPLES = 20, 20  # times in a run that training/loop.py validates and samples
VERDICTS = {
    "fits": Text("fits", "可行"),
    "tight": Text("tight", "勉强可行"),
    "will not fit": Text("will not fit", "不可行"),
}
MEMORY, DISK = Text("memory", "内存"), Text("disk space", "磁盘空间")
TIGHT = 0.7  # of what is free
LONG = 12 * 3600  # seconds


@dataclass(frozen=True)
class Estimate:
    """What a run would take of this machine, in seconds and bytes, and what is free.

    `suggestion` is a request that would fit, where this one is tight or will not.
    """

    verdict: Literal["fits", "tight", "will not fit"]
    reason: Text
    suggestion: TrainRequest | None
    device: str
    seconds_a_step: float = 0.0
    seconds: float = 0.0
    memory: int = 0
    memory_free: int = 0
    disk: int = 0
    disk_free: int = 0
    parameters: int = 0

    def words(self, lang: str) -> str:
        """Verdict and reason; the figures; what would fit."""
        lines = [joined([VERDICTS[self.verdict], self.reason], ": ", "：")]
        if self.seconds:
            took, step = duration(self.seconds, lang), self.seconds_a_step
            parts = Text(
                f"about {took} ({step:.3g} s a step) on {self.device}; {self.parameters / 1e6:.2f} M parameters; "
                f"memory {_gb(self.memory)} of {_gb(self.memory_free)} free; disk {_gb(self.disk)} of {_gb(self.disk_free)} free",
                f"在 {self.device} 上约 {took}（每步 {step:.3g} 秒）；参数 {self.parameters / 1e6:.2f} M；"
                f"内存 {_gb(self.memory)}，可用 {_gb(self.memory_free)}；磁盘 {_gb(self.disk)}，可用 {_gb(self.disk_free)}",
            )
            lines.append(parts)
        return "\n".join(line.say(lang) for line in lines)

    def fields(self) -> dict[str, Any]:
        """All of it as one JSON object."""
        wiser = self.suggestion.model_dump() if self.suggestion else None
        return {**asdict(self), "suggestion": wiser}


def estimate(request: TrainRequest, settings: Settings, stop: Stop = never) -> Estimate:
    """Take a few steps of the run in a process of its own and reckon from them; no run folder is left.

    An InputError where the request cannot be trained at all, Stopped where `stop()` turns true.
    """
    found = _dry_run(request, settings, stop)
    if "refused" in found:
        raise InputError(**found["refused"])
    if "step" not in found:
        reason = Text(en="memory ran out in the first steps.", zh="最初几步内存就已耗尽。")
        return Estimate("will not fit", reason, smaller(request, 0.5, 0), settings.device)
    saves = request.steps // request.save_every + 1
    seconds = (
        request.steps * found["step"]
        + LOOKS * found["look"]
        + SAMPLES * found["sample"]
        + saves * found["save"]
    )
    # two states are kept, and a third is written before the oldest goes
    disk = int(2.2 * found["state_bytes"] * 2) + found["weights_bytes"] + SAMPLES * found["sample_bytes"]
    place = next(
        folder for folder in (settings.runs_dir, *settings.runs_dir.resolve().parents) if folder.exists()
    )
    figures = {
        "device": found["device"],
        "seconds_a_step": found["step"],
        "seconds": seconds,
        "memory": found["memory"],
        "memory_free": found["memory_free"],
        "disk": disk,
        "disk_free": shutil.disk_usage(place).free,
        "parameters": found["parameters"],
    }
    return judge(request, figures, found["examples"])


def judge(request: TrainRequest, figures: dict[str, Any], examples: int) -> Estimate:
    """The verdict on measured figures; `examples` is how many pictures or tokens a step learns from."""
    memory = figures["memory"] / max(figures["memory_free"], 1)
    disk = figures["disk"] / max(figures["disk_free"], 1)
    if max(memory, disk) > 1:
        what = MEMORY if memory > disk else DISK
        reason = Text(
            en=f"it needs {max(memory, disk):.1f} times the {what.en} that is free.",
            zh=f"所需{what.zh}是可用量的 {max(memory, disk):.1f} 倍。",
        )
        share = TIGHT / memory if memory > disk else 0.0
        return Estimate("will not fit", reason, smaller(request, share, examples), **figures)
    if max(memory, disk) > TIGHT:
        what = MEMORY if memory > disk else DISK
        reason = Text(
            en=f"it takes {max(memory, disk):.0%} of the {what.en} that is free; close other programs.",
            zh=f"将占用可用{what.zh}的 {max(memory, disk):.0%}；请关闭其他程序。",
        )
        share = TIGHT / memory if memory > disk else 0.0
        return Estimate("tight", reason, smaller(request, share, examples), **figures)
    if figures["seconds"] > LONG:
        reason = Text(
            en="it takes long; fewer steps would do for a first look.", zh="用时很长；先用较少步数试试。"
        )
        steps = max(int(request.steps * LONG / figures["seconds"]), 1)
        return Estimate("tight", reason, request.model_copy(update={"steps": steps}), **figures)
    return Estimate("fits", Text(en="this machine can do it.", zh="本机可以完成。"), None, **figures)


def smaller(request: TrainRequest, share: float, examples: int) -> TrainRequest | None:
    """The request with about `share` of its batch, or of the next smaller size; None where it is the least already.

    A model that is gone on with has a size of its own.
    """
    batch = request.batch_size or (examples if family(request.family).reads == "pictures" else 0)
    if share and int(batch * share) >= 4:
        return request.model_copy(update={"batch_size": int(batch * share)})
    own = family(request.family).sizes
    if request.size in own[1:] and not request.start:
        return request.model_copy(update={"size": own[own.index(request.size) - 1], "batch_size": 0})
    return None


def sizes(name: str) -> dict[str, int]:
    """Numbers in a new model of each preset size; about, since data decide on classes and vocabulary. Imports torch."""
    row = family(name)
    return {size: row.part("train").count_parameters(size) for size in row.sizes}


def _dry_run(request: TrainRequest, settings: Settings, stop: Stop) -> dict[str, Any]:
    """What dry_run.py prints; an empty object where its process was killed, as for its memory."""
    process = subprocess.Popen(
        [sys.executable, "-m", "aigc_demo.jobs.dry_run", *flags_of(settings, settings.device)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=clean_environment(os.environ),
    )
    begun, text = time.monotonic(), request.model_dump_json().encode()
    while True:
        try:
            printed, _ = process.communicate(text, timeout=0.2)
            break
        except subprocess.TimeoutExpired:
            text = None
            if stop() or time.monotonic() - begun > PATIENCE:
                process.kill()
                process.wait()
                if stop():
                    raise Stopped from None
                raise _too_slow() from None
    if process.returncode > 0:
        raise InputError(
            en="The dry run failed, by an error of the program itself; the terminal says where.",
            zh="试跑失败，原因是程序自身出错；详情见终端输出。",
        )
    return json.loads(printed or b"{}")


def _too_slow() -> InputError:
    return InputError(
        en=f"A few steps took more than {PATIENCE:.0f} s; choose a smaller size or batch.",
        zh=f"几步就超过了 {PATIENCE:.0f} 秒；请选择更小的规模或批大小。",
    )


def _gb(count: float) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
