"""The folder of the data that a training request names: of the catalogue, one's own, prepared, or raw files."""

import hashlib
from pathlib import Path

from aigc_demo.core.errors import InputError, no_file
from aigc_demo.core.stopping import Stop, never
from aigc_demo.data import catalogue, get
from aigc_demo.data.imports import ImportRequest, own_folder, run_import

PREPARED = ("source.json", "texts.jsonl", "chats.jsonl", "poems.jsonl", "pairs.jsonl", "images.safetensors")
PUBLISHED = ("train-images-idx3-ubyte*", "*.parquet")


def open_folder(
    data: str,
    data_dir: Path,
    offline: bool = False,
    paths: bool = True,
    stop: Stop = never,
    own_dir: Path | None = None,
) -> Path:
    """The prepared folder for `data`: a name of the catalogue or of an own set, or, if `paths`, a path.

    A path is a prepared folder, taken as it is, or raw files, zip or text, imported once under a name made of their
    content. Own sets lie in `own_dir`, without one in `data_dir`. Set `paths` to False wherever the request comes
    from somebody else than this machine's owner.
    """
    if data in catalogue():
        return get(data, data_dir, offline=offline)
    own_dir = own_dir or data_dir
    if folder := own_folder(data, own_dir):
        return folder
    path = Path(data)
    if not paths or not path.exists():
        raise no_data(data, paths)
    if path.is_dir() and is_prepared(path):
        return path
    name = f"files-{content_hash(path)[:12]}"
    if not own_folder(name, own_dir):
        run_import(ImportRequest(name=name), [path], own_dir, stop)
    return own_dir / name


def no_data(data: str, paths: bool) -> InputError:
    """What is said of data that are not there; of a file or folder, where `paths` may be given and this is one."""
    if paths and (Path(data).suffix or len(Path(data).parts) > 1):
        return no_file(data)
    names = ", ".join(catalogue())
    return InputError(
        en=f"There is no data {data[:60]}; take one of {names}, or a set of your own{' or a path' if paths else ''}.",
        zh=f"没有数据 {data[:60]}；可选 {names}，或您自己的数据集{'或路径' if paths else ''}。",
    )


def is_prepared(folder: Path) -> bool:
    """Whether the families read this folder as it is: prepared by this project, or as its publisher ships it."""
    if any((folder / name).exists() for name in PREPARED):
        return True
    return any(next(folder.rglob(pattern), None) for pattern in PUBLISHED)


def content_hash(path: Path) -> str:
    """sha256 of a file, or of all files below a folder with their places in it."""
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(inner for inner in path.rglob("*") if inner.is_file())
    for file in files:
        digest.update(f"{file.relative_to(path).as_posix() if file != path else file.suffix}\0".encode())
        with file.open("rb") as opened:
            while data := opened.read(1 << 20):
                digest.update(data)
    return digest.hexdigest()
