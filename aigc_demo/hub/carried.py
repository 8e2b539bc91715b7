"""Pretrained models that an installed Python package carries: there without the hub, and without a network.

What such a package holds is pinned by its sha256 here. It is listed where the package is installed and the file has
the size; the hash is compared when it is loaded (`check_pinned`), which takes a second for 90 MB, once a process.
PACKAGES has none yet.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from aigc_demo.hub.catalogue import find_entry
from aigc_demo.models.cards import ModelCard


@dataclass(frozen=True)
class Carried:
    """A model of the catalogue inside a package: import name, folder in it, size and sha256 of its weights."""

    id: str
    package: str
    folder: str
    size: int
    sha256: str


PACKAGES: tuple[Carried, ...] = ()


def carried() -> list[ModelCard]:
    """The cards of all models that installed packages carry; the revision is the sha256 of the weights."""
    cards = []
    for model in PACKAGES:
        folder, entry = _folder(model), find_entry(model.id)
        if folder and entry and (folder / "model.safetensors").stat().st_size == model.size:
            cards.append(entry.card(folder).model_copy(update={"revision": model.sha256}))
    return cards


def _folder(model: Carried) -> Path | None:
    """Where the package lies, found without importing it; None where it is not installed."""
    spec = find_spec(model.package)
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (Path(place) / model.folder / "model.safetensors").is_file():
            return Path(place) / model.folder
    return None
