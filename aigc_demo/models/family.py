"""The table of model families: one row each, `FAMILY = Family(...)` in the family's own `__init__.py`.

All that others need to know of a family is a column here; nobody else names one. Rows are read without torch. Families
are plugins: `aigc_demo.families` lists their names, and they are imported by name alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Literal

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import NO_TEXT, Text

HOME = "aigc_demo.families"
PICTURE_LIMITS = Text(
    "Draws what its data show and nothing else, at their size and with their gaps.",
    "只会画训练数据中的内容，尺寸与缺漏也随数据而定。",
)
Curve = tuple[str, int, bool]  # key in the log, ink, dashed (of held-out data)


@dataclass(frozen=True)
class Training:
    """One way to train a family: every weight ("full"), or an adapter beside a pretrained model ("lora").

    library: as the hub's cards name it. fields: those of TrainRequest that only some trainings ask
    for. ignores: those that all others ask for. weights: the file that keeps what was learnt. packages: what running it needs.
    """

    library: str
    fields: tuple[str, ...]
    weights: str = "model.safetensors"
    packages: tuple[str, ...] = ()
    ignores: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """Models of others that a family loads, by the kind of their card.

    tasks: what they serve. halved: they keep their figures in half precision. parts: networks that can take turns on
    the device. sliced: attention and picture decoding can go piece by piece. room: what their work takes memory for.
    adaptable: LoRA adapters can be trained for them.
    """

    tasks: tuple[str, ...]
    packages: tuple[str, ...] = ()
    halved: bool = False
    parts: bool = False
    sliced: bool = False
    room: Literal["context", "pictures", "frames", "fixed"] = "context"
    adaptable: bool = False


@dataclass(frozen=True)
class Goal:
    """What settings of a family are chosen by.

    figure: a key of evaluate()'s figures, of which `lower`, or else higher, is better. logged: the key of validate()'s
    that stands in for it while a run is under way; of that, lower is always better.
    """

    figure: str
    logged: str
    lower: bool = True


@dataclass(frozen=True)
class Family:
    """What others need to know of a family.

    title: its name for people. reads: what it learns from; empty where nothing is trained. tasks: what models of its own
    serve. trains: ways to train it, by method. sizes: of new models, the smallest first.
    architectures: networks to choose from, the usual last. kinds: models of others that it
    loads. pipeline_tag: as the hub names what it does. run_stem: what a run's name begins with. curves: charts of a run,
    by title, and their lines. limits: what its card says it cannot do. losses: the source that the page shows as what
    training minimises, where it is not its own losses.py. packages: what running its own models needs. sampled: its
    pictures come in many steps, out of noise. markable: its texts can carry the watermark, as their tokens are drawn by odds
    that a key may lean on. guarded: it has seen everything, so the content filter looks at its
    pictures. local: its models run here, not on a server. goal: what its settings are tuned for; None where no figure tells.
    """

    name: str
    title: Text
    reads: Literal["pictures", "texts", "pairs", ""] = ""
    tasks: tuple[str, ...] = ()
    trains: Mapping[str, Training] = field(default_factory=dict)
    sizes: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    pipeline_tag: str = ""
    run_stem: str = ""
    curves: Mapping[str, tuple[Curve, ...]] = field(default_factory=dict)
    limits: Text = NO_TEXT
    losses: str = ""
    packages: tuple[str, ...] = ()
    sampled: bool = False
    markable: bool = True
    guarded: bool = False
    local: bool = True
    goal: Goal | None = None

    @property
    def served(self) -> frozenset[str]:
        """Every task that a model of the family may serve."""
        return frozenset(self.tasks).union(*(kind.tasks for kind in self.kinds.values()))

    @property
    def folder(self) -> str:
        """Its folder inside the package."""
        return f"families/{self.name}"

    def part(self, name: str = "") -> ModuleType:
        """A module of the family, such as "train", or the family itself; imported now."""
        return import_module(f"{HOME}.{self.name}.{name}".rstrip("."))


@cache
def families() -> Mapping[str, Family]:
    """The whole table by name, in the order of `aigc_demo.families.NAMES`."""
    return {name: import_module(f"{HOME}.{name}").FAMILY for name in import_module(HOME).NAMES}


def family(name: str) -> Family:
    """One row; an InputError that lists the families where it is none of them."""
    if name not in families():
        known = ", ".join(families())
        raise InputError(
            en=f"There is no model family {name}; there are {known}.",
            zh=f"没有模型家族 {name}；可用的有 {known}。",
        )
    return families()[name]


def runs_here(name: str) -> bool:
    """Whether models of a family run on this machine, not on a server."""
    return name not in families() or families()[name].local


def trained() -> list[Family]:
    """The families that can be trained here."""
    return [row for row in families().values() if row.trains]


def serving(task: str) -> list[str]:
    """The names of the families whose models, here on this machine, may serve a task."""
    return [row.name for row in families().values() if row.local and task in row.served]


def markable(name: str) -> bool:
    """Whether texts of a family's models can carry the watermark: not those of a server, nor those written by rules."""
    return runs_here(name) and (name not in families() or families()[name].markable)


@cache
def kinds() -> Mapping[str, tuple[Family, Kind]]:
    """Every kind of pretrained model, with the family that loads it."""
    return {name: (row, kind) for row in families().values() for name, kind in row.kinds.items()}


def kind_of(name: str) -> Kind:
    """What is known of models of a kind; of an own model or an adapter, nothing."""
    return kinds()[name][1] if name in kinds() else Kind(())
