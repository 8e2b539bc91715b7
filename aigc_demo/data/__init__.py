"""Data sets: the catalogue, and `get`, which brings one to this disk and checks it.

`<data dir>/<name>/` holds the prepared files and `source.json`, which says where they came from.
"""

import tempfile
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from aigc_demo.core.disk import write_json
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text, joined
from aigc_demo.data.sources import KINDS


class Source(BaseModel):
    """A repository on the hub, or a package of npm or Debian."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["hub", "npm", "apt"]
    name: str
    version: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.version}".strip()


class DataCard(BaseModel):
    """One data set: what it is, its licence, where to get it and what must come out."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    title: Text
    licence: str
    credit: str
    module: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    sources: tuple[Source, ...]
    counts: dict[str, int] = {}
    sha256: str = ""
    classes: dict[str, list[str]] = {}


@lru_cache(maxsize=1)
def catalogue() -> dict[str, DataCard]:
    """All data cards by id."""
    text = Path(__file__).with_name("catalogue.yaml").read_text(encoding="utf-8")
    return {name: DataCard(id=name, **entry) for name, entry in yaml.safe_load(text).items()}


def find_card(name: str) -> DataCard:
    """The card of a data set; an InputError that lists the choices where there is none."""
    cards = catalogue()
    if name not in cards:
        raise InputError(
            en=f"There is no data set {name[:60]}; there are {', '.join(cards)}.",
            zh=f"没有数据集 {name[:60]}；可用的有 {'、'.join(cards)}。",
        )
    return cards[name]


def get(name: str, data_dir: Path, source: Path | None = None, offline: bool = False) -> Path:
    """The folder of a prepared data set, made on the first call.

    Tried in order: `source`, a folder that holds the data as its publisher ships it; then the card's own
    sources, unless `offline`. InputError where none of them works, with each one's reason.
    """
    card, folder = find_card(name), data_dir / name
    if (folder / "source.json").exists() and source is None:
        return folder
    if source is not None:
        _prepare(card, source, folder, f"folder {source.name}")
        return folder
    reasons = []
    for candidate in () if offline else card.sources:
        with tempfile.TemporaryDirectory() as temporary:
            try:
                KINDS[candidate.kind](candidate.name, candidate.version, Path(temporary))
                _prepare(card, Path(temporary), folder, str(candidate))
            except InputError as error:
                reasons.append(Text(f"{candidate}: {error.text.en}", f"{candidate}：{error.text.zh}"))
            else:
                return folder
    if offline:
        reasons.append(
            Text("working offline; name a folder that holds the data", "当前离线；请指定已有数据的文件夹")
        )
    failed = Text(f"{name} could not be prepared.", f"无法准备数据集 {name}。")
    raise InputError.of(joined([failed, *reasons]))


def _prepare(card: DataCard, source: Path, folder: Path, words: str) -> None:
    """Turn fetched files into prepared ones and check them; `source.json`, written last, says that all is well."""
    folder.mkdir(parents=True, exist_ok=True)
    counts, sha256 = import_module(f"aigc_demo.data.{card.module}").prepare(source, folder)
    if (card.counts and counts != card.counts) or (card.sha256 and sha256 != card.sha256):
        raise InputError(
            en=f"{words} holds other data than {card.id}: {counts}, sha256 {sha256[:12]}…; take another source.",
            zh=f"{words} 中的数据与 {card.id} 不符：{counts}，sha256 {sha256[:12]}…；请换一个来源。",
        )
    write_json(
        folder / "source.json",
        {"name": card.id, "source": words, "counts": counts, "sha256": sha256, "classes": card.classes},
    )
