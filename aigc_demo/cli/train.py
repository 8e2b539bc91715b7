"""train: one run, in a folder of its own under the runs folder, that can be stopped, killed and gone on with.

    runs/<name>/train.json   what was asked for, so that going on cannot mix two trainings
    runs/<name>/README.md    the model card, as soon as there are weights: the page and the other commands find it

Ctrl-C, or a file STOP in the folder, ends it after the step under way, saved. The same command goes on from there.
"""

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from aigc_demo.cli.flags import Answer, Asked, values_of
from aigc_demo.contracts import Seed, Words, check
from aigc_demo.errors import InputError

if TYPE_CHECKING:  # the command line does not wait for torch to print its help
    from aigc_demo.training import Progress

TASKS = {"gan": ["image", "latent"], "vae": ["image", "latent", "reconstruct"], "transformer": ["text"]}
SAME = ("family", "data", "size", "seed")  # what a run that goes on must have in common with its start
PAUSE = 2.0  # seconds between two lines of progress


class TrainRequest(BaseModel):
    """Ask for a training run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    family: Annotated[Literal["gan", "vae", "transformer"], Words("Model family", "模型家族")]
    data: Annotated[
        str,
        Field(min_length=1, max_length=1000),
        Words(
            "Data",
            "数据",
            "A data set's name (see `data list`), a prepared folder, or for text a UTF-8 file.",
            "数据集名称（见 `data list`）、准备好的文件夹，文本模型也可用 UTF-8 文件。",
        ),
    ]
    name: Annotated[
        str,
        Field(pattern=r"^\w[\w.-]{0,59}$"),
        Words(
            "Name",
            "名称",
            "Letters, digits, dot, dash; the model is then runs/<name>.",
            "字母、数字、点、短横线；模型将称为 runs/<名称>。",
        ),
    ]
    size: Annotated[Literal["tiny", "small", "base"], Words("Size", "规模")] = "tiny"
    steps: Annotated[int, Field(ge=1, le=10_000_000), Words("Steps", "步数")] = 500
    seed: Annotated[Seed, Words("Seed", "随机种子")] = 0
    save_every: Annotated[
        int, Field(ge=1, le=1_000_000), Words("Save every so many steps", "每多少步保存一次")
    ] = 100


def train(asked: Asked) -> Answer:
    """Train, or go on, and wait for the end; progress goes to standard error."""
    request = check(TrainRequest, values_of(TrainRequest, asked.flags))
    run = asked.settings.runs_dir / request.name
    remember(request, run)
    family = import_module(f"aigc_demo.{request.family}.train")
    plan = family.TrainPlan(
        data=open_data(request, asked), run=run, size=request.size, steps=request.steps, seed=request.seed,
        save_every=request.save_every,
    )  # fmt: skip
    meter, last = Meter(asked.lang), None
    with stopping(run, asked.lang) as interrupted:
        for progress in family.train(plan):
            last = progress
            meter.show(progress)
            if interrupted():
                (run / "STOP").touch()  # once more: the loop clears an older one as it starts
            write_card(request, run)
    write_card(request, run)
    if interrupted():
        raise KeyboardInterrupt
    return _answer(request, run, last, asked.lang)


def remember(request: TrainRequest, run: Path) -> None:
    """Write train.json, or compare with the one of a run that goes on."""
    from aigc_demo.checkpoints import write_json

    path, wanted = run / "train.json", request.model_dump()
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        for name in SAME:
            if before.get(name) != wanted[name]:
                raise InputError(
                    en=f"runs/{request.name} was begun with {name} {before.get(name)}, not {wanted[name]};"
                    " go on with that, or take another --name.",
                    zh=f"runs/{request.name} 开始时的 {name} 为 {before.get(name)}，而不是 {wanted[name]}；"
                    "请沿用原值，或换一个 --name。",
                )
    write_json(path, wanted)


def open_data(request: TrainRequest, asked: Asked) -> Any:
    """What the family's TrainPlan takes: arrays for a picture family, a path for a language model."""
    from aigc_demo import data
    from aigc_demo.data import images

    path = Path(request.data)
    if request.data in data.catalogue():
        path = data.get(request.data, asked.settings.data_dir, offline=asked.settings.offline)
    elif not path.exists():
        names = ", ".join(data.catalogue())
        raise InputError(
            en=f"There is no data {request.data[:60]}; give a path, or one of {names}.",
            zh=f"没有数据 {request.data[:60]}；请填写路径，或从 {names} 中选择。",
        )
    return path if request.family == "transformer" else images.load(path)


@contextmanager
def stopping(run: Path, lang: str) -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C (or SIGTERM) into a STOP file; the second one ends at once. Yields "was there one?"."""
    received: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, frame: Any) -> None:
        received.append(number)
        (run / "STOP").touch()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        words = "Saving, then ending; once more to end at once.", "正在保存并结束；再按一次立即退出。"
        print(words[lang == "zh"], file=sys.stderr, flush=True)

    for number in before:
        signal.signal(number, ask)
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass
class Meter:
    """Lines of progress on standard error, not more than one in PAUSE seconds, with the time left."""

    lang: str
    first: "Progress | None" = None
    shown: float = field(default=-PAUSE)

    def show(self, progress: "Progress") -> None:
        """Print a line if it is time for one."""
        self.first = self.first or progress
        now = time.monotonic()
        if now - self.shown < PAUSE and progress.step < progress.steps:
            return
        self.shown = now
        print(self.line(progress), file=sys.stderr, flush=True)

    def line(self, progress: "Progress") -> str:
        """Such as "150/500 · 12 s · 28 s left · loss 1.23"."""
        took = ("{:.0f} s", "{:.0f} 秒")[self.lang == "zh"].format(progress.seconds)
        figures = [f"{name} {value:.4g}" for name, value in progress.figures.items()]
        return " · ".join([f"{progress.step}/{progress.steps}", took, *self.left(progress), *figures])

    def left(self, progress: "Progress") -> list[str]:
        """The time to go at the pace since this process began; nothing before there is a pace."""
        start = self.first or progress
        steps, seconds = progress.step - start.step, progress.seconds - start.seconds
        words = ("{:.0f} s left", "剩余 {:.0f} 秒")[self.lang == "zh"]
        return [words.format((progress.steps - progress.step) * seconds / steps)] if steps else []


def write_card(request: TrainRequest, run: Path) -> None:
    """README.md of the run, once it has weights; one that is there, perhaps edited, stays."""
    if (run / "README.md").exists() or not (run / "model.safetensors").exists():
        return
    from aigc_demo import data
    from aigc_demo.checkpoints import write_atomically

    known = data.catalogue().get(request.data)
    licence = known.licence if known else "unknown"
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    block = {
        "family": request.family,
        "tasks": TASKS[request.family],
        "title": {"en": request.name, "zh": request.name},
        "summary": {
            "en": f"Trained here: {request.family}, {request.size}, on {request.data}, seed {request.seed}.",
            "zh": f"本机训练：{request.family}，{request.size}，数据 {request.data}，种子 {request.seed}。",
        },
        "parameters": count_values(run / "model.safetensors"),
        "licence": licence,
        "data": known.id if known else Path(request.data).name,
        "language": config.get("language", ""),
    }
    matter = yaml.safe_dump({"aigc": block}, allow_unicode=True, sort_keys=False)
    text = f"---\n{matter}---\n\n# {request.name}\n\n{block['summary']['en']}\n\n{block['summary']['zh']}\n"
    write_atomically(run / "README.md", text.encode())


def count_values(weights: Path) -> int:
    """Numbers in a safetensors file."""
    import math

    from safetensors import safe_open

    with safe_open(weights, "np") as file:
        return sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118


def _answer(request: TrainRequest, run: Path, last: "Progress | None", lang: str) -> Answer:
    step = last.step if last else request.steps
    state = "done" if step >= request.steps else "stopped"
    figures = last.figures if last else {}
    words = {
        "done": (f"runs/{request.name} is trained: {run}", f"runs/{request.name} 训练完成：{run}"),
        "stopped": (
            f"runs/{request.name} stopped at step {step} of {request.steps}; the same command goes on.",
            f"runs/{request.name} 停在第 {step} 步，共 {request.steps} 步；再次运行同一命令即可继续。",
        ),
    }[state]
    data = {
        "model": f"runs/{request.name}",
        "folder": str(run),
        "state": state,
        "step": step,
        "figures": figures,
    }
    return Answer(data, words[lang == "zh"])
