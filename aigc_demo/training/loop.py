"""The training loop: the same for every family, for a fresh run and for one that goes on.

    for each step:   learner.step()                    the family's mathematics, in its train.py
    now and then:    log, validate, look for trouble, sample, save
    at any moment:   STOP, SAVE, SAMPLE                files in the run folder, set by any process

What is saved is everything that the next step depends on, so that a run that was stopped, killed or copied to
another disk goes on bit for bit (on a CPU). After a divergence the loop goes back to the last save, which was
healthy, at half the learning rate, at most twice. Whatever breaks on weights that have blown up is a divergence too:
a factorisation, a draw from odds that are no numbers, half precision that does not hold them.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor

from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.models.checkpoints import load_state, require_room, save_state
from aigc_demo.models.run_folder import RunFolder
from aigc_demo.training.optimisation import restore_optimizer
from aigc_demo.training.plan import TrainPlan

if TYPE_CHECKING:
    from accelerate import Accelerator

MAX_ROLLBACKS = 2
BLOWN_UP = (torch.linalg.LinAlgError, OverflowError, FloatingPointError)  # what only numbers without end do
UNRELATED = (OSError, InputError, MemoryError, torch.OutOfMemoryError, Stopped)


@dataclass(frozen=True)
class Progress:
    """Where training is and what it measured last."""

    step: int
    steps: int
    seconds: float
    figures: dict[str, float] = field(default_factory=dict)


class Learner(Protocol):
    """A model in training, as a family's train.py offers it: `make_learner(plan, accelerator)`.

    `examples` is how many pictures or tokens one step learns from, over all processes. A learner whose steps take other
    times early and late has `phases`, too: the shares of the run, which add up to 1.
    """

    accelerator: "Accelerator"
    examples: int

    def step(self, progress: float, rate: float) -> Mapping[str, Tensor | float]:
        """Take the next batch and one optimiser step; `progress` in [0, 1] and the factor `rate` set the learning rate.

        Figures for the log, such as the losses: 0-d tensors left on the device, so that nothing waits for it.
        """
        ...

    def parts(self) -> Mapping[str, Any]:
        """Everything the next step depends on, by name: objects with state_dict and load_state_dict."""
        ...

    def validate(self) -> dict[str, float]:
        """Figures on held-out data and on fixed-seed samples; draws nothing from the run's generators."""
        ...

    def sample(self) -> Any:
        """What fixed seeds give now: pictures (N, H, W[, 3]) uint8, or a list of texts."""
        ...

    def export(self, final: bool) -> None:
        """Write config.json and model.safetensors for use; in well under a second unless `final`."""
        ...


# Looks at the run so far; returns what is wrong, as events for events.jsonl.
Doctor = Callable[[Sequence[Mapping[str, Any]]], list[dict[str, Any]]]


def train(learner: Learner, plan: TrainPlan, doctor: Doctor = lambda log: []) -> Iterator[Progress]:
    """Train, or go on where the run folder stands; a Progress for each line of the log.

    Ends early, all saved, when the file STOP appears in the run folder, which is then cleared. An InputError
    where training diverges a third time, or where the disk has no room for a save.
    """
    loop = Loop(learner, plan, doctor)
    loop.resume()
    yield from loop.run()


class Loop:
    """The state of one run: step, seconds, rate factor, and the rhythm of everything that is not a step."""

    def __init__(self, learner: Learner, plan: TrainPlan, doctor: Doctor) -> None:
        self.learner, self.plan, self.doctor = learner, plan, doctor
        self.folder = RunFolder(plan.run)
        self.accelerator = learner.accelerator
        self.is_main = self.accelerator.is_main_process
        self.step, self.rate, self.rollbacks = 0, 1.0, 0
        self.clock = Clock()
        self.window = Window()
        self.log_every = min(max(plan.steps // 400, 1), 50)
        # a look at a pretrained model takes as long as half a dozen of its steps
        apart = min(plan.steps // 3, 10) if plan.base else 1
        self.look_every = max(plan.steps // 20, apart, 1)

    def resume(self) -> None:
        """Put everything back as the last save found it; a fresh run saves its start."""
        state = self.last_state()
        if state is None:
            self.write_samples()  # before the save: what a killed run has saved it does not do again
            self.save()
            return
        self.restore(state)
        if self.is_main:
            self.folder.forget_after(self.step)
            self.window.lines = self.folder.log()
            # killed between its last save and this, it would lack the final weights
            if self.step == self.plan.steps:
                self.learner.export(final=True)

    def run(self) -> Iterator[Progress]:
        """Steps until the plan's last or until STOP."""
        stopping = False
        while self.step < self.plan.steps and not stopping:
            try:
                figures, stopping = self.advance()
            except Diverged as found:
                self.roll_back(found.figures)
                continue
            except Exception as error:
                if isinstance(error, UNRELATED) or not (isinstance(error, BLOWN_UP) or not self.is_sound()):
                    raise
                self.roll_back({"loss": math.nan})
                continue
            if figures:
                yield Progress(self.step, self.plan.steps, self.clock.seconds(), figures)
        if stopping and self.is_main:
            self.folder.stop.clear()

    def advance(self) -> tuple[dict[str, float], bool]:
        """One step and what is due after it: the figures of a line of the log, and whether somebody wants an end.

        Raises Diverged where the figures or the weights are out of sight: nothing but healthy weights is saved.
        """
        figures: dict[str, float] = {}
        self.window.add(self.learner.step(self.step / self.plan.steps, self.rate))
        self.step += 1
        wishes = self.wishes()
        last = self.step == self.plan.steps or wishes["stop"]
        saving = self.step % self.plan.save_every == 0 or wishes["save"] or last
        if self.step % self.log_every == 0 or self.step % self.look_every == 0 or saving:
            figures = self.log(look=not wishes["stop"])
            if not healthy(figures, self.window) or (saving and not self.is_sound()):
                raise Diverged(figures)
        due = self.step % self.look_every == 0 and not wishes["stop"]
        if due or wishes["sample"] or self.step == self.plan.steps:
            self.write_samples()
        if saving:
            self.save()
        return figures, wishes["stop"]

    def is_sound(self) -> bool:
        """Whether all weights are numbers, the averaged ones too."""
        parts = (
            part for part in self.learner.parts().values() if not isinstance(part, torch.optim.Optimizer)
        )
        tensors = (
            value for part in parts for value in part.state_dict().values() if isinstance(value, Tensor)
        )
        return all(bool(tensor.isfinite().all()) for tensor in tensors if tensor.is_floating_point())

    def log(self, look: bool = True) -> dict[str, float]:
        """Write a line of the log: the means since the last line, and at times, if `look`, the held-out figures."""
        figures, steps = self.window.take()
        figures = self.agree(figures)
        figures["per_second"] = steps * self.learner.examples / max(self.clock.lap(), 1e-9)
        due = look and (self.step % self.look_every == 0 or self.step == self.plan.steps)
        if due and all_finite(figures):
            figures |= self.learner.validate()
            self.clock.lap()
        line = {"step": self.step, "seconds": round(self.clock.seconds(), 3), **figures}
        self.window.lines.append(line)
        if self.is_main:
            self.folder.write_line("log.jsonl", line)
            for event in self.doctor(self.window.lines):
                self.event(**event)
        return figures

    def agree(self, figures: dict[str, float]) -> dict[str, float]:
        """The means over all processes, so that all of them judge the run alike."""
        if self.accelerator.num_processes == 1:
            return figures
        own = torch.tensor(list(figures.values()), device=self.accelerator.device)
        return dict(zip(figures, self.accelerator.reduce(own, "mean").tolist(), strict=True))

    def event(self, kind: str, **facts: Any) -> None:
        """Write a line of events.jsonl."""
        if self.is_main:
            seconds = round(self.clock.seconds(), 3)
            self.folder.write_line(
                "events.jsonl", {"step": self.step, "seconds": seconds, "kind": kind, **facts}
            )

    def wishes(self) -> dict[str, bool]:
        """Which flags are set, the same in all processes; SAVE and SAMPLE are taken away as they are granted."""
        flags = {"stop": self.folder.stop, "save": self.folder.save, "sample": self.folder.sample}
        found = [self.is_main and flag.is_set() for flag in flags.values()]
        if self.accelerator.num_processes > 1:
            seen = torch.tensor(found, dtype=torch.float32, device=self.accelerator.device)
            found = (self.accelerator.reduce(seen, "sum") > 0).tolist()
        for name in ("save", "sample"):
            if self.is_main and flags[name].is_set():
                flags[name].clear()
        return dict(zip(flags, found, strict=True))

    def write_samples(self) -> None:
        """The fixed seeds' samples of now."""
        if self.is_main:
            self.folder.write_samples(self.step, self.learner.sample())

    def save(self) -> None:
        """The weights for use, which show whether they can be used, then the state to go on from."""
        if self.is_main:
            require_room(self.plan.run)
            self.learner.export(final=self.step == self.plan.steps)
            parts = {name: part.state_dict() for name, part in self.learner.parts().items()}
            own = {name: getattr(self, name) for name in ("step", "rate", "rollbacks")}
            save_state(self.plan.run, {"learner": parts, **own, "seconds": self.clock.seconds()})
        self.accelerator.wait_for_everyone()

    def last_state(self) -> dict[str, Any] | None:
        """What was saved last. All processes have read it before the first may write the next."""
        state = load_state(self.plan.run)
        self.accelerator.wait_for_everyone()
        return state

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `save` saved."""
        for name, part in self.learner.parts().items():
            saved = state["learner"][name]
            if isinstance(part, torch.optim.Optimizer):
                restore_optimizer(part, saved)
            else:
                part.load_state_dict(saved)
        self.step, self.rate, self.rollbacks = state["step"], state["rate"], state["rollbacks"]
        self.clock = Clock(state["seconds"])
        self.window = Window()

    def roll_back(self, figures: Mapping[str, float]) -> None:
        """After a divergence: the last save, at half the rate; the third time the run fails."""
        diverged_at, rollbacks, rate = self.step, self.rollbacks + 1, self.rate / 2
        if rollbacks > MAX_ROLLBACKS:
            raise InputError(
                en=f"Training diverged at step {diverged_at}, a third time; start again with a lower learning rate"
                " (--learning-rate), under another name.",
                zh=f"训练在第 {diverged_at} 步第三次发散；请换一个名称，用更低的学习率（--learning-rate）重新开始。",
            )
        seconds = self.clock.seconds()
        self.restore(self.last_state() or {})
        self.clock = Clock(seconds)
        self.rollbacks, self.rate = rollbacks, rate
        worst = {name: value for name, value in figures.items() if not math.isfinite(value)}
        if self.is_main:
            self.folder.forget_after(self.step)
            self.window.lines = self.folder.log()
        self.event(
            "divergence",
            diverged_at=diverged_at,
            rate=self.rate,
            evidence={name: str(value) for name, value in (worst or figures).items()},
            **diverged(diverged_at, self.step, self.rate),
        )
        self.save()


class Diverged(Exception):  # noqa: N818  (what training does, as its messages say)
    """Training has blown up; `figures` show it."""

    def __init__(self, figures: Mapping[str, float]) -> None:
        super().__init__()
        self.figures = figures


def diverged(at: int, step: int, rate: float) -> dict[str, str]:
    """What the event of a divergence says."""
    return {
        "en": f"Training diverged at step {at}: its figures rose out of sight. It went back to step {step} and goes on"
        f" at {rate:.0%} of the learning rate; a lower one from the start would have saved the time.",
        "zh": f"训练在第 {at} 步发散：各项数值急剧上升。已退回第 {step} 步，以学习率的 {rate:.0%} 继续；"
        "一开始就用更低的学习率可以省下这段时间。",
    }


class Window:
    """Means of the figures since the last line of the log, and the lines so far."""

    def __init__(self) -> None:
        self.sums: dict[str, Any] = {}
        self.count = 0
        self.lines: list[dict[str, Any]] = []

    def add(self, figures: Mapping[str, Tensor | float]) -> None:
        """Add a step's figures."""
        for name, value in figures.items():
            self.sums[name] = self.sums[name] + value if name in self.sums else value
        self.count += 1

    def take(self) -> tuple[dict[str, float], int]:
        """The means and the number of steps, and start anew."""
        means = {name: float(total) / self.count for name, total in self.sums.items()}
        count = self.count
        self.sums, self.count = {}, 0
        return means, count


class Clock:
    """Seconds of training, counted on from an earlier session; and laps."""

    def __init__(self, before: float = 0.0) -> None:
        self.before = before
        self.start = self.last = time.monotonic()

    def seconds(self) -> float:
        """Wall time so far."""
        return self.before + time.monotonic() - self.start

    def lap(self) -> float:
        """Seconds since the last lap."""
        now = time.monotonic()
        taken, self.last = now - self.last, now
        return taken


def all_finite(figures: Mapping[str, float]) -> bool:
    """Whether no figure is NaN or infinite."""
    return all(math.isfinite(value) for value in figures.values())


def healthy(figures: Mapping[str, float], window: Window) -> bool:
    """Whether training still goes somewhere: all figures are finite, and the loss has not risen out of sight.

    Out of sight is, for five lines on end, above ten times its median over the last 100 lines, or above twenty
    times what it was at the very start and a whole unit more: what blows up in its first steps has no better past.
    """
    if not all_finite(figures):
        return False
    losses = [line["loss"] for line in window.lines[-100:] if "loss" in line]
    if len(losses) < 5:
        return True
    limit = 20 * abs(window.lines[0].get("loss", math.inf)) + 1
    if len(losses) >= 20:
        limit = min(limit, 10 * abs(sorted(losses)[len(losses) // 2]) + 1e-3)
    return not all(loss > limit for loss in losses[-5:])
