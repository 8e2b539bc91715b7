"""The packages that a published folder needs, each at one version; gradio comes by the front matter's sdk_version."""

from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version

from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import Family, families, family

TORCH = "2.11.0"  # the newest that ZeroGPU offers (2026-08); a CPU runs it too
ALWAYS = (
    "torch", "numpy", "pillow", "safetensors", "huggingface_hub", "pyyaml", "av", "filelock", "psutil",
    "opencc-python-reimplemented", "chardetng-py",
)  # fmt: skip


def packages_of(models: Iterable[ModelCard] | None) -> tuple[str, ...]:
    """The names of the packages for these models; None: for every model there could be."""
    if models is None:
        needs = [name for row in families().values() for name in every_package(row)]
    else:
        needs = [name for card in models for name in packages_for(card)]
    return tuple(dict.fromkeys((*ALWAYS, *needs)))


def packages_for(card: ModelCard) -> tuple[str, ...]:
    """What running one model needs, or an adapter."""
    row = family(card.family)
    if card.kind in row.trains:
        return row.trains[card.kind].packages
    return row.kinds[card.kind].packages if card.kind in row.kinds else row.packages


def every_package(row: Family) -> Iterator[str]:
    """What the models and adapters of a family need, whatever they are."""
    yield from row.packages
    for part in (*row.kinds.values(), *row.trains.values()):
        yield from part.packages


def requirements_text(packages: Iterable[str]) -> str:
    """requirements.txt: each package at the version that is installed here, torch at the one that Spaces has."""
    lines = ["# gradio, and with it pydantic, comes by sdk_version in README.md"]
    return "\n".join([*lines, *(f"{name}=={_version(name)}" for name in packages)]) + "\n"


def _version(name: str) -> str:
    """The public part of the installed version; "*" where the package is not installed here."""
    try:
        return TORCH if name == "torch" else version(name).partition("+")[0]
    except PackageNotFoundError:
        return "*"
