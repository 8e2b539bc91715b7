"""`python -m aigc_demo.jobs.dry_run --device cpu ...`: a few steps of a request in a folder that is thrown away.

The request comes as JSON on standard input; what was measured goes as JSON to standard output. A process of its own,
so that a run which exhausts the memory takes nothing else with it. Started by estimate.py alone.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings, add_flags, flags_given, prepare_environment, settings_from
from aigc_demo.jobs.checks import check_request, find_start
from aigc_demo.jobs.learning import make_learner, make_plan
from aigc_demo.jobs.request import TrainRequest
from aigc_demo.runtime.memory import free_memory, is_out_of_memory

WARM_UP, MOST_STEPS = 2, 20
BUDGET = 4.0  # seconds for the measured steps, of which there is at least one


@dataclass(frozen=True)
class Measured:
    """Seconds of one step, one look at held-out data, one set of samples, one save; bytes; numbers in the model."""

    device: str
    step: float
    look: float
    sample: float
    save: float
    memory: int
    memory_free: int
    state_bytes: int
    weights_bytes: int
    sample_bytes: int
    examples: int
    parameters: int


def measure(request: TrainRequest, settings: Settings) -> Measured:
    """Take a few steps as the worker would, from its own data to its own files."""
    from aigc_demo.data.folders import open_folder
    from aigc_demo.models.safetensors_header import parameters, weights_of
    from aigc_demo.runtime.cache import devices_for
    from aigc_demo.training import make_accelerator
    from aigc_demo.training.loop import Loop

    device = devices_for(settings.device)[0]
    free = free_memory(device)
    request = check_request(request, settings)
    data = open_folder(
        request.data,
        settings.data_dir,
        settings.offline,
        paths=settings.rules.folder_paths,
        own_dir=settings.own_data_dir,
    )
    with tempfile.TemporaryDirectory() as temporary, PeakMemory(device) as peak:
        run = Path(temporary) / request.name
        plan = make_plan(request, data, run, find_start(request, settings))
        loop = Loop(make_learner(request, plan, make_accelerator(device)), plan, lambda log: [])
        step = _mean_step(loop)
        look, sample, save = (
            _seconds(part) for part in (loop.learner.validate, loop.write_samples, loop.save)
        )
        weights, state = weights_of(run), next(run.glob("state-*.safetensors"))
        sample_bytes = max(path.stat().st_size for path in (run / "samples").iterdir())
        sizes = {"state": state.stat().st_size, "weights": weights.stat().st_size}
        count = parameters(weights)
    return Measured(
        device=device,
        step=step,
        look=look,
        sample=sample,
        save=save,
        memory=peak.bytes,
        memory_free=free,
        state_bytes=sizes["state"],
        weights_bytes=sizes["weights"],
        sample_bytes=sample_bytes,
        examples=loop.learner.examples,
        parameters=count,
    )


def _mean_step(loop: Any) -> float:
    """Seconds of a step over the run; each phase of it is measured for its own part of the budget."""
    phases = getattr(loop.learner, "phases", (1.0,))
    begins = [sum(phases[:place]) for place in range(len(phases))]
    times = [median(_step_times(loop, begin, BUDGET / len(phases))) for begin in begins]
    return sum(share * seconds for share, seconds in zip(phases, times, strict=True))


def _step_times(loop: Any, progress: float, budget: float) -> list[float]:
    """Seconds of each step after a warm-up, until the budget is spent."""
    begun, times = time.monotonic(), []
    for number in range(WARM_UP + MOST_STEPS):
        times.append(_seconds(lambda: float(loop.learner.step(progress, 1.0)["loss"])))
        if number >= WARM_UP and time.monotonic() - begun > budget:
            break
    return times[WARM_UP:]


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main(arguments: Sequence[str]) -> None:
    """Print one JSON object: what was measured, {"refused": {en, zh}}, or {"out_of_memory": true}."""
    parser = argparse.ArgumentParser()
    add_flags(parser)
    settings = settings_from(flags_given(parser.parse_args(arguments)))
    prepare_environment(settings)
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not end up in the JSON
    try:
        found: dict[str, Any] = asdict(measure(TrainRequest.model_validate_json(sys.stdin.read()), settings))
    except InputError as error:
        found = {"refused": asdict(error.text)}
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        found = {"out_of_memory": True}
    with answer:
        json.dump(found, answer)


PERIOD = 0.01


class PeakMemory:
    """The most memory in use while it is entered, in bytes: of the board for CUDA, else of this process."""

    def __init__(self, device: str) -> None:
        self.device, self.bytes = device, 0
        self.over = threading.Event()

    def __enter__(self) -> "PeakMemory":
        threading.Thread(target=self._watch, name="peak-memory", daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        if self.device.startswith("cuda"):
            import torch

            self.bytes = torch.cuda.max_memory_reserved(self.device)

    def _watch(self) -> None:
        import psutil

        process = psutil.Process(os.getpid())
        while True:
            self.bytes = max(self.bytes, process.memory_info().rss)
            if self.over.wait(PERIOD):
                return


if __name__ == "__main__":
    main(sys.argv[1:])
