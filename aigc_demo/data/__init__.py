"""Data sets: the catalogue, and `get`, which brings one to this disk and checks it.

`<data dir>/<name>/` holds the prepared files and `source.json`, which says where they came from. looks/ shows each set
before it is here.
"""

import json
import tempfile
from dataclasses import dataclass
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

LOOKS = Path(__file__).with_name("looks")


class Source(BaseModel):
    """A repository on the hub, a package of npm or Debian, a source package of Debian; or the app, which makes the data.

    A "set" is another data set of the catalogue, of which this one is made. `name` of kind apt: one package or several.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["hub", "npm", "apt", "apt-source", "app", "set"]
    name: str
    version: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.version}".strip()


class DataCard(BaseModel):
    """One data set: what it is, its licence, where to get it and what must come out.

    reads: what kind of model learns from it. language: of its texts. megabytes: what is fetched, 0 where nothing is.
    options: of its module. draws: its module draws pictures with captions without end (data/material.py).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    title: Text
    licence: str
    credit: str
    module: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    sources: tuple[Source, ...]
    reads: Literal["pictures", "texts", "pairs"] = "pictures"
    language: str = ""
    megabytes: float = 0
    options: dict[str, str] = {}
    counts: dict[str, int] = {}
    sha256: str = ""
    classes: dict[str, list[str]] = {}
    draws: bool = False

    @property
    def needs_network(self) -> bool:
        """Whether it has to be fetched from somewhere."""
        return all(source.kind != "app" for source in self.sources)

    def here(self, data_dir: Path) -> bool:
        """Whether it lies on this disk, ready to be trained on."""
        return (data_dir / self.id / "source.json").exists()

    def ready(self, data_dir: Path) -> bool:
        """Whether a training can begin without a network: it is here, or is made in seconds."""
        return (
            self.here(data_dir)
            or not self.needs_network
            or any(
                source.kind == "set" and catalogue()[source.name].ready(data_dir) for source in self.sources
            )
        )

    def look(self) -> "Look":
        """What is in it, as it is shown before it is here: thumbnails, or the beginnings of texts."""
        sheet = LOOKS / f"{self.id}.webp"
        if sheet.exists():
            return Look(sheet=sheet)
        texts = json.loads((LOOKS / f"{self.id}.json").read_text(encoding="utf-8"))
        return Look(texts=tuple(texts))


@dataclass(frozen=True)
class Look:
    """A sheet of thumbnails, or the beginnings of texts."""

    sheet: Path | None = None
    texts: tuple[str, ...] = ()


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
    if card.here(data_dir) and source is None:
        return folder
    if source is not None:
        _prepare(card, source, folder, f"folder {source.name}")
        return folder
    reasons = []
    for candidate in card.sources:
        if candidate.kind == "set":
            _prepare(card, get(candidate.name, data_dir, offline=offline), folder, str(candidate))
            return folder
        if offline and candidate.kind != "app":
            continue
        with tempfile.TemporaryDirectory() as temporary:
            try:
                KINDS[candidate.kind](candidate.name, candidate.version, Path(temporary))
                _prepare(card, Path(temporary), folder, str(candidate))
            except InputError as error:
                reasons.append(Text(f"{candidate}: {error.text.en}", f"{candidate}：{error.text.zh}"))
            else:
                return folder
    if offline and card.needs_network:
        raise needs_network(card)
    failed = Text(f"{name} could not be prepared.", f"无法准备数据集 {name}。")
    raise InputError.of(joined([failed, *reasons]))


def needs_network(card: DataCard) -> InputError:
    """The data cannot be fetched now; what can be had instead."""
    ready = [
        other.id for other in catalogue().values() if not other.needs_network and other.reads == card.reads
    ]
    other = Text(
        *(
            form.format(ready[0]) if ready else ""
            for form in ("take {}, which needs none, ", "改用无需下载的 {}，或")
        )
    )
    return InputError(
        en=f"{card.id} is not on this disk, and fetching its {card.megabytes:.0f} MB needs the network, which is off; go "
        f"online, {other.en}or take your own files.",
        zh=f"本机没有 {card.id}，获取它需要联网（{card.megabytes:.0f} MB），而当前离线；请联网，或{other.zh}使用自己的文件。",
    )


def _prepare(card: DataCard, source: Path, folder: Path, words: str) -> None:
    """Turn fetched files into prepared ones and check them; `source.json`, written last, says that all is well."""
    folder.mkdir(parents=True, exist_ok=True)
    module = import_module(f"aigc_demo.data.{card.module}")
    counts, sha256 = module.prepare(source, folder, **card.options)
    if (card.counts and counts != card.counts) or (card.sha256 and sha256 != card.sha256):
        raise InputError(
            en=f"{words} holds other data than {card.id}: {counts}, sha256 {sha256[:12]}…; take another source.",
            zh=f"{words} 中的数据与 {card.id} 不符：{counts}，sha256 {sha256[:12]}…；请换一个来源。",
        )
    write_json(
        folder / "source.json",
        {"name": card.id, "source": words, "counts": counts, "sha256": sha256, "classes": card.classes},
    )
