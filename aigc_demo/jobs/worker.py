"""What a job does, in whatever process: data, learner, loop, figures, card; and an end that is true.

The caller holds the leases of the run and of its device. Under torchrun every process works so, and the first alone
writes.
"""

import ctypes
import os
import shutil
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aigc_demo import __version__
from aigc_demo.core.disk import sweep, write_json
from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.core.failures import is_full
from aigc_demo.core.settings import Settings
from aigc_demo.core.words import Text
from aigc_demo.data import catalogue
from aigc_demo.jobs.checks import find_start
from aigc_demo.jobs.folder import JobFolder, JobState, State
from aigc_demo.jobs.halves import VALIDATION, write_half
from aigc_demo.jobs.job import last_line, read_object
from aigc_demo.jobs.learning import evaluate, make_learner, make_plan
from aigc_demo.jobs.request import TrainRequest
from aigc_demo.jobs.signals import StopSignals
from aigc_demo.models.family import family
from aigc_demo.runtime.memory import is_out_of_memory
from aigc_demo.runtime.registry import find_card

if TYPE_CHECKING:
    from aigc_demo.training import Learner, Progress, TrainPlan

HALF = "half"  # where in a run's folder its data lie as long as it trains on half of what is held out


class Worker:
    """One run in this process. `processes` counts those that train it together; rank 0 writes."""

    def __init__(
        self,
        folder: JobFolder,
        request: TrainRequest,
        settings: Settings,
        device: str,
        show: Callable[["Progress"], None] = lambda progress: None,
    ) -> None:
        self.folder, self.request, self.settings, self.show = folder, request, settings, show
        self.processes = int(os.environ.get("WORLD_SIZE", "1"))
        self.is_main = os.environ.get("RANK", "0") == "0"
        self.device = device.partition(":")[0] if self.processes > 1 else device
        self.last: Progress | None = None

    def work(self, signals: StopSignals, ready: Callable[[], None] = lambda: None) -> JobState:
        """Train to an end, and write which it was. `ready` is called once the run says that it is running."""
        state, cause = self._end(signals, ready)
        signals.moment = "ending"
        if not self.is_main:
            return JobState(state=state, cause=cause)
        self.folder.run.stop.clear()
        shutil.rmtree(self.folder.path / HALF, ignore_errors=True)
        return self.folder.update(state=state, cause=cause, ended_at=time.time())

    def _end(self, signals: StopSignals, ready: Callable[[], None]) -> tuple[State, Text | None]:
        """Do it all; which end it came to, and why."""
        try:
            self._begin()
            ready()
            plan, learner = self._prepare()
            signals.moment = "training"
            finished = self._train(plan, learner)
            if finished and self.is_main:
                signals.moment = "measuring"
                self._finish(plan)
        except (KeyboardInterrupt, Stopped):
            return ("done" if signals.moment == "measuring" else "stopped"), None
        except InputError as error:
            return "failed", error.text
        except Exception as error:
            self._write_traceback(error)
            return "failed", in_words(error)
        return ("done" if finished else "stopped"), None

    def _begin(self) -> None:
        if self.is_main:
            sweep(self.folder.path)
            started = {"started_at": time.time(), "ended_at": None, "cause": None}
            self.folder.update(state="running", pid=os.getpid(), device=self.device, **started)

    def _prepare(self) -> tuple["TrainPlan", "Learner"]:
        """The data, by the first of several processes, and a learner on them."""
        from aigc_demo.data.folders import open_folder
        from aigc_demo.training import make_accelerator

        start = find_start(self.request, self.settings)
        accelerator = make_accelerator(self.device, self.folder.state().precision)
        if self.is_main:
            half = accelerator.mixed_precision == "bf16"
            self.folder.update(precision="bfloat16" if half else "float32")
        with accelerator.main_process_first():
            data = open_folder(
                self.request.data,
                self.settings.data_dir,
                self.settings.offline,
                paths=self.settings.rules.folder_paths,
                stop=self.folder.run.stop.is_set,
                own_dir=self.settings.own_data_dir,
            )
        if self.is_main:
            self._keep_manifest(data)
        if self.request.held_out == "half":
            data = self._half(data, accelerator)
        plan = make_plan(self.request, data, self.folder.path, start)
        return plan, make_learner(self.request, plan, accelerator)

    def _half(self, data: Path, accelerator: Any) -> Path:
        """The data with every other held-out example alone, in the run's folder as long as this works."""
        half = self.folder.path / HALF / data.name
        with accelerator.main_process_first():
            if self.is_main:
                write_half(data, half, VALIDATION)
        return half

    def _keep_manifest(self, data: Path) -> None:
        """Copy what the data are into the run; an InputError where it goes on but the data have changed."""
        before, now = (read_object(folder / "manifest.json") for folder in (self.folder.path, data))
        if before and before.get("sha256") != now.get("sha256"):
            raise InputError(
                en=f"{self.request.data} has changed since {self.folder.name} began; train it under another name.",
                zh=f"{self.request.data} 在 {self.folder.name} 开始之后已改变；请换一个名称训练。",
            )
        if now:
            write_json(self.folder.path / "manifest.json", now)

    def _train(self, plan: "TrainPlan", learner: "Learner") -> bool:
        """Run the loop; whether it came to the last step."""
        from aigc_demo.jobs.card import write_card
        from aigc_demo.training import train
        from aigc_demo.training.doctor import Doctor

        self.meter = EnergyMeter(self.device)
        until = self.folder.state().until
        run, carded = self.folder.run, self.folder.run.steps_done() if self.folder.is_usable() else -1
        for progress in train(learner, plan, Doctor(family(self.request.family).part("diagnoses").CHART)):
            self.last = progress
            self.show(progress)
            if self.is_main and until and until <= progress.step < plan.steps:
                run.stop.set()
            if self.is_main and run.steps_done() != carded:  # the run can be used while it trains
                (plan.run / "figures.json").unlink(missing_ok=True)  # of the weights before these
                write_card(plan.run, self.request, read_object(plan.run / "manifest.json"), {}, self._facts())
                carded = run.steps_done()
        return self.last is None or self.last.step >= plan.steps

    def _finish(self, plan: "TrainPlan") -> None:
        """Measure on held-out data, and write the model card. A measure that fails does not make the run fail."""
        from aigc_demo.jobs.card import write_card

        figures: dict[str, Any] = {}
        try:
            figures = evaluate(self.request, plan, self.device)
        except Exception as error:
            self._write_traceback(error)
        write_json(plan.run / "figures.json", figures)
        figures = read_object(plan.run / "figures.json")  # plain numbers, whatever measured them
        write_card(plan.run, self.request, read_object(plan.run / "manifest.json"), figures, self._facts())

    def _facts(self) -> dict[str, Any]:
        """What the card says of the training itself, as far as the weights have come."""
        line = last_line(self.folder.path / "log.jsonl")
        facts = {
            "step": self.folder.run.steps_done(),
            "seconds": line.get("seconds", 0.0),
            "device": self.device,
            "cores": thread_count(),
            "processes": self.processes,
            "watt_hours": self.meter.watt_hours(line.get("seconds", 0.0)),
            "version": __version__,
        }
        if known := catalogue().get(self.request.data):
            facts |= {"licence": known.licence, "data_id": known.id}
        if self.request.start:
            card = find_card(self.request.start, self.settings)
            facts["started_from"] = card.id
            if card.kind:
                facts |= {"start_revision": card.revision, "start_licence": card.licence}
            else:
                facts["start_sha256"] = card.weights_hash()
        return facts

    def _write_traceback(self, error: Exception) -> None:
        with (self.folder.path / "worker.log").open("a", encoding="utf-8") as file:
            traceback.print_exception(error, file=file)


def thread_count() -> int:
    """Cores that torch computes on."""
    import torch

    return torch.get_num_threads()


FULL = Text(
    en="the disk is full; what was saved before is kept: make room, then resume.",
    zh="磁盘已满；之前的保存仍在：请清理空间后继续。",
)
NO_MEMORY = Text(
    en="memory ran out; start again under another name, with a smaller batch or a smaller size.",
    zh="内存不足；请换一个名称，用更小的批大小或更小的规模重新开始。",
)


def in_words(error: Exception) -> Text:
    """The sentence for an error that is no InputError."""
    if is_full(error):
        return FULL
    if is_out_of_memory(error):
        return NO_MEMORY
    name = type(error).__name__
    return Text(
        en=f"an error of the program itself ({name}); worker.log in the run folder says where.",
        zh=f"程序自身出错（{name}）；详情见训练记录文件夹中的 worker.log。",
    )


class EnergyMeter:
    """Made where training begins. Reads an NVIDIA board's own counter; elsewhere nothing is measured."""

    def __init__(self, device: str) -> None:
        self.counter = _nvml_counter(device) if device.startswith("cuda") else None
        self.start, self.joules = time.monotonic(), self.counter() if self.counter else 0.0

    def watt_hours(self, seconds: float) -> float | None:
        """What the board used in a run of so many seconds in all, at its mean power since this meter was made."""
        if not self.counter:
            return None
        watts = (self.counter() - self.joules) / max(time.monotonic() - self.start, 1e-3)
        return watts * seconds / 3600


def _nvml_counter(device: str) -> Callable[[], float] | None:
    """A function that reads the joules this board has used since its driver was loaded; None where it cannot say.

    NVML's C interface: nvmlDeviceGetTotalEnergyConsumption, in millijoules, Volta and newer. The board is found
    by its UUID, since CUDA may number boards otherwise than NVML.
    """
    import torch

    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
        uuid = f"GPU-{torch.cuda.get_device_properties(torch.device(device)).uuid}".encode()
        board, millijoules = ctypes.c_void_p(), ctypes.c_ulonglong()
        ready = not nvml.nvmlInit_v2() and not nvml.nvmlDeviceGetHandleByUUID(uuid, ctypes.byref(board))
        if not ready or nvml.nvmlDeviceGetTotalEnergyConsumption(board, ctypes.byref(millijoules)):
            return None
    except (OSError, AttributeError, RuntimeError, AssertionError):
        return None

    def read() -> float:
        nvml.nvmlDeviceGetTotalEnergyConsumption(board, ctypes.byref(millijoules))
        return millijoules.value / 1000

    return read
