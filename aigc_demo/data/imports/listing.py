"""What is in the files, zips and folders that somebody brought: a list of items, each to be read or refused by name.

No name from outside ever becomes a path: an item of a zip is unpacked into one file whose name is ours.
"""

import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import NO_TEXT, Text
from aigc_demo.data.imports.classes import KOHYA
from aigc_demo.data.imports.limits import (
    MAX_FILES,
    MAX_PICTURE,
    MAX_RATIO,
    MAX_TEXT,
    MAX_UNPACKED,
    safe_name,
    too_big,
    too_many,
)
from aigc_demo.data.imports.zip_names import names_in, said_of

CHUNK = 1 << 16
ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst")
LITTER = {"__macosx", "thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class Item:
    """One file that may go in: `name` as it is shown, `folder` the last folder above it, if any.

    `path` is the file, or the zip that holds `entry`; `archive` is that zip, opened once for all its items.
    `problem` is why it is refused without reading it, `inner` its whole name, and `remark` what there is to say of the
    zip that it is the first of.
    """

    key: str
    name: str
    path: Path
    folder: str = ""
    archive: zipfile.ZipFile | None = None
    entry: zipfile.ZipInfo | None = None
    problem: InputError | None = None
    inner: str = ""
    remark: Text = NO_TEXT

    def on_disk(self, work: Path) -> Path:
        """The file itself; what is in a zip is unpacked to work/item first, counted while it is read."""
        if self.problem:
            raise self.problem
        if (self.entry.file_size if self.entry else self.path.stat().st_size) == 0:
            raise InputError(
                en=f"{self.name} is empty; leave it out.", zh=f"{self.name} 是空文件；请去掉它。"
            )
        if self.archive is None or self.entry is None:
            return self.path
        target = work / "item"
        limit, size = min(self.entry.file_size, max(MAX_PICTURE, MAX_TEXT)), 0
        try:
            with self.archive.open(self.entry) as packed, target.open("wb") as out:
                while chunk := packed.read(CHUNK):
                    size += len(chunk)
                    if size > limit:
                        raise too_big(self.name, self.entry.file_size, limit)
                    out.write(chunk)
            if size != self.entry.file_size:
                raise EOFError
        except InputError:
            raise
        except Exception as error:  # BadZipFile, zlib.error, LZMAError, EOFError, NotImplementedError, ...
            raise InputError(
                en=f"{self.name} is damaged in the zip, or not of the size that is stated there; pack it again.",
                zh=f"{self.name} 在 zip 中已损坏，或与所声明的大小不符；请重新打包。",
            ) from error
        return target

    def head(self, count: int = 16) -> bytes:
        """The first bytes, to see what it is; empty where they cannot be read, which `on_disk` will explain."""
        if self.problem:
            return b""
        try:
            with self.archive.open(self.entry) if self.archive else self.path.open("rb") as file:
                return file.read(count)
        except Exception:
            return b""


def list_source(path: Path, number: int) -> list[Item]:
    """The items of one file, zip or folder. Raises InputError where it cannot be opened or holds too much."""
    if path.is_dir():
        items = list(_in_folder(path))
    elif path.suffix.lower() == ".zip" and path.exists():
        items = list(_in_zip(path))
    else:
        problem = _archive(path.name) or _not_a_file(path)
        items = [Item("", safe_name(path.name), path, problem=problem, inner=path.name)]
    return [replace(item, key=f"{number}:{place}") for place, item in enumerate(items)]


def _in_folder(root: Path) -> Iterator[Item]:
    """All files below a folder, in the order of their names; links are refused, not followed."""
    above = (
        safe_name(root.name, 60) if KOHYA.fullmatch(root.name) else ""
    )  # which says something of its files
    count = 0
    for path in sorted(root.rglob("*")):
        inner = path.relative_to(root)
        if _is_litter(inner.parts) or (path.is_dir() and not path.is_symlink()):
            continue
        count += 1
        if count > MAX_FILES:
            raise too_many(safe_name(root.name), count)
        folder = safe_name(inner.parts[-2], 60) if len(inner.parts) > 1 else above
        name = safe_name(inner.as_posix())
        problem = _archive(path.name) or _not_a_file(path)
        yield Item("", name, path, folder, problem=problem, inner=inner.as_posix())


def _in_zip(path: Path) -> Iterator[Item]:
    """The files in a zip; those with a name or a kind that is not allowed carry their problem."""
    name = safe_name(path.name)
    if path.stat().st_size > MAX_UNPACKED:
        raise too_big(name, path.stat().st_size, MAX_UNPACKED)
    try:
        archive = zipfile.ZipFile(path)
        entries = archive.infolist()
    except Exception as error:  # zipfile raises BadZipFile, struct.error, UnicodeDecodeError, ...
        raise InputError(
            en=f"{name} is no zip, or is damaged; pack or upload it again.",
            zh=f"{name} 不是 zip 文件或已损坏；请重新打包或上传。",
        ) from error
    if len(entries) > MAX_FILES:
        raise too_many(name, len(entries))
    total = sum(entry.file_size for entry in entries)
    if total > MAX_UNPACKED:
        raise too_big(f"{name} ({len(entries)})", total, MAX_UNPACKED)
    seen: set[str] = set()
    names, encoding = names_in(entries)
    remark = said_of(name, encoding)
    for entry, inner in zip(entries, names, strict=True):
        parts = PurePosixPath(inner.replace("\\", "/")).parts
        if not parts or entry.is_dir() or _is_litter(parts):  # is_dir needs a name
            continue
        folder = safe_name(parts[-2], 60) if len(parts) > 1 else ""
        problem = _entry_problem(entry, inner, safe_name(inner), inner in seen)
        seen.add(inner)
        yield Item("", safe_name(inner), path, folder, archive, entry, problem, inner, remark)
        remark = NO_TEXT


def _entry_problem(entry: zipfile.ZipInfo, inner: str, name: str, twice: bool) -> InputError | None:
    """Why an entry is refused by what the zip's directory says of it."""
    parts = PurePosixPath(inner.replace("\\", "/")).parts
    if ".." in parts or inner.startswith(("/", "\\")) or ":" in parts[0]:
        return InputError(
            en=f"{name} would lead out of its folder; pack it again with a plain name.",
            zh=f"{name} 的路径会指向文件夹之外；请用普通文件名重新打包。",
        )
    if stat.S_ISLNK(entry.external_attr >> 16):
        return InputError(
            en=f"{name} is a link, not a file; pack the file itself.",
            zh=f"{name} 是链接而不是文件；请打包文件本身。",
        )
    if entry.flag_bits & 0x1:
        return InputError(
            en=f"{name} is encrypted; pack it without a password.", zh=f"{name} 已加密；请去掉密码重新打包。"
        )
    if entry.file_size > CHUNK and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        return InputError(
            en=f"{name} would unpack to more than {MAX_RATIO} times its size, as only a zip bomb does; leave it out.",
            zh=f"{name} 解压后超过其大小的 {MAX_RATIO} 倍，疑似压缩炸弹；请去掉它。",
        )
    if twice:
        return InputError(
            en=f"{name} is in the zip twice; give each file a name of its own.",
            zh=f"{name} 在 zip 中出现两次；请给每个文件不同的名称。",
        )
    return _archive(inner)


def _is_litter(parts: tuple[str, ...]) -> bool:
    """Files that systems leave in folders, which nobody means to bring."""
    return any((part.startswith(".") and part not in (".", "..")) or part.lower() in LITTER for part in parts)


def _archive(name: str) -> InputError | None:
    if not name.lower().endswith(ARCHIVES):
        return None
    name = safe_name(name)
    return InputError(
        en=f"{name} is an archive within; unpack it, and pack its files into the one zip.",
        zh=f"{name} 是内层的压缩包；请先解压，把其中的文件放进同一个 zip。",
    )


def _not_a_file(path: Path) -> InputError | None:
    if path.is_file() and not path.is_symlink():
        return None
    name = safe_name(path.name)
    if not path.exists():
        return InputError(
            en=f"{name} is not there; give a file that is.", zh=f"{name} 不存在；请提供存在的文件。"
        )
    return InputError(
        en=f"{name} is no ordinary file (a link or a device); give the file itself.",
        zh=f"{name} 不是普通文件（链接或设备）；请提供文件本身。",
    )
