"""The manifest of a data set of one's own: what went in, what was refused and why, how it was split, under what terms."""

import re
import shutil
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text, joined
from aigc_demo.data.imports.request import NAME

FILE = "manifest.json"


class ImportedFile(BaseModel):
    """One file that went in. `sha256` is that of its bytes; `split` where its content is ("both": a text cut in two).

    `ai_generated`: whether the file stated that AI made it; what learns from such files learns a model, not the world.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)
    name: str
    sha256: str
    class_name: str = Field(default="", alias="class")
    split: Literal["train", "test", "both", "dropped"] = "train"
    bytes: int
    width: int = 0
    height: int = 0
    ai_generated: bool = False


class Remark(BaseModel):
    """One file, or folder, and what its owner should know of how it was read or taken, in a sentence."""

    model_config = ConfigDict(frozen=True)
    name: str
    en: str
    zh: str

    @classmethod
    def of(cls, name: str, text: Text) -> "Remark":
        """The one that says `text` of the file of this name."""
        return cls(name=name, en=text.en, zh=text.zh)

    def say(self, lang: str) -> str:
        """The sentence in `lang`."""
        return Text(self.en, self.zh).say(lang)


class Refused(Remark):
    """One file, or line of a file, that did not go in, and why, in a sentence."""


class Manifest(BaseModel):
    """A data set of one's own, as its manifest.json has it. `sha256` is that of the prepared content."""

    model_config = ConfigDict(frozen=True)
    name: str
    kind: Literal["pictures", "text", "chat", "pairs"]
    licence: str
    consent: bool
    created: str
    settings: dict[str, Any] = {}
    files: tuple[ImportedFile, ...]
    refused: tuple[Refused, ...] = ()
    remarks: tuple[Remark, ...] = ()
    duplicates: tuple[tuple[str, str], ...] = ()
    counts: dict[str, int]
    classes: tuple[str, ...] = ("all",)
    class_counts: dict[str, int] = {}
    side: int = 0
    channels: int = 0
    language: str = ""
    sha256: str

    @property
    def reads(self) -> Literal["pictures", "texts", "pairs"]:
        """What kind of model learns from it, as the families' table has it."""
        return self.kind if self.kind in ("pictures", "pairs") else "texts"

    @property
    def ai_generated(self) -> int:
        """How many of the files stated that AI made them."""
        return sum(file.ai_generated for file in self.files)

    def title(self, lang: str) -> str:
        """One line for lists: "cats · 38 pictures of 64 × 64 in colour, 2 classes"."""
        return f"{self.name} · {self._contents().say(lang)}"

    def _contents(self) -> Text:
        if self.kind == "text":
            characters = self.counts["characters"]
            return Text(f"{characters:,} characters of text", f"{characters:,} 个字符的文本")
        examples = self.counts["train"] + self.counts["test"]
        if self.kind == "chat":
            return Text(f"{examples:,} conversations", f"{examples:,} 段对话")
        if self.kind == "pairs":
            return Text(f"{examples:,} pairs of texts", f"{examples:,} 对文字")
        tone = Text("grey", "灰度") if self.channels == 1 else Text("in colour", "彩色")
        size = f"{self.side} × {self.side}"
        said = [Text(f"{examples:,} pictures of {size} {tone.en}", f"{examples:,} 张 {size} {tone.zh}图片")]
        if len(self.classes) > 1:
            said.append(Text(f"{len(self.classes)} classes", f"{len(self.classes)} 类"))
        if count := self.counts.get("captions"):
            said.append(Text(f"{count:,} captions", f"{count:,} 条说明"))
        return joined(said, ", ", "，")


def read_manifest(folder: Path) -> Manifest:
    """The manifest in `folder`; an InputError where there is none that can be read."""
    try:
        return Manifest.model_validate_json((folder / FILE).read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(
            en=f"{folder.name} is no data set of your own; import the files again.",
            zh=f"{folder.name} 不是您自己的数据集；请重新导入文件。",
        ) from error


def own(data_dir: Path) -> list[Manifest]:
    """The data sets of one's own in `data_dir`, newest first."""
    _finish_replacing(data_dir)
    found = []
    for path in data_dir.glob(f"[!.]*/{FILE}"):
        try:
            found.append(read_manifest(path.parent))
        except InputError:  # half copied by hand, or of another version: not to be offered
            continue
    return sorted(found, key=lambda manifest: manifest.created, reverse=True)


def own_folder(name: str, data_dir: Path) -> Path | None:
    """The folder of the own data set `name`, or None."""
    folder = data_dir / name
    return folder if re.fullmatch(NAME, name) and (folder / FILE).is_file() else None


def find_own(name: str | None, data_dir: Path) -> Path:
    """The folder of the own data set `name`; an InputError where there is none, whatever the name is."""
    name = name or ""
    folder = own_folder(name, data_dir)
    if folder is None:
        raise InputError(
            en=f"There is no data set {name[:60]} of your own; see `data list`.",
            zh=f"没有您自己的数据集 {name[:60]}；请查看 `data list`。",
        )
    return folder


def remove(name: str | None, data_dir: Path) -> None:
    """Delete an own data set from the disk. Runs trained on it keep their copy of its manifest."""
    folder = find_own(name, data_dir)
    (folder / FILE).unlink()  # first what makes it a data set, so that no half of one is ever offered
    shutil.rmtree(folder)


def put_in_place(ready: Path, name: str, data_dir: Path) -> None:
    """Make the finished folder `ready` (on the same disk) the data set `name`; the one before goes only then."""
    folder, before = data_dir / name, data_dir / f".{name}.before"
    with _renaming(data_dir):
        shutil.rmtree(before, ignore_errors=True)
        if folder.exists():
            folder.rename(before)
        ready.rename(folder)
        shutil.rmtree(before, ignore_errors=True)


def _finish_replacing(data_dir: Path) -> None:
    """Give back what a `put_in_place` that was killed between its two renames had set aside."""
    if not next(data_dir.glob(".*.before"), None):
        return
    with _renaming(data_dir):
        for before in data_dir.glob(".*.before"):
            folder = data_dir / before.name.removeprefix(".").removesuffix(".before")
            if folder.exists():
                shutil.rmtree(before, ignore_errors=True)
            else:
                before.rename(folder)


def _renaming(data_dir: Path) -> FileLock:
    """Held while a set changes its place; the system frees it when its holder dies."""
    return FileLock(data_dir / ".renaming.lock")


def facts(manifest: Manifest, source: str) -> dict[str, Any]:
    """The source.json of the set: what every prepared data set says about itself."""
    told = {"name": manifest.name, "source": source, "counts": manifest.counts, "sha256": manifest.sha256}
    if manifest.kind != "pictures":
        return {**told, "language": manifest.language}
    names = list(manifest.classes)
    zh = ["全部"] if names == ["all"] else ["其他" if name == "other" else name for name in names]
    return {**told, "classes": {"en": names, "zh": zh}}
