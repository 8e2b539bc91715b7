"""Which files of a repository are fetched: what our loaders open, and nothing else.

safetensors, JSON, tokenizer files, templates, the README. Never pickles, Python, ONNX or other frameworks' weights,
and of two precisions the plain one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

WEIGHTS = re.compile(
    r"^(?:model|diffusion_pytorch_model)(?P<variant>\.fp16)?(?:-\d{5}-of-\d{5})?\.safetensors$"
    r"|^(?:model|diffusion_pytorch_model)\.safetensors\.index(?P<index_variant>\.fp16)?\.json$"
)
PICKLE = re.compile(r"^(pytorch_model|model|diffusion_pytorch_model).*\.(bin|pt|pth|ckpt|msgpack|h5)$")
PLAIN = re.compile(r"^[\w.-]+\.(json|txt|model|spm|jinja)$")
NOT_WEIGHTS = re.compile(r"\.index(\.\w+)?\.json$")  # an index without the weights it lists
FOLDER = re.compile(r"^[A-Za-z_]\w{0,40}$")  # a part of a pipeline
NOT_PARTS = ("onnx", "openvino", "original", "assets", "images", "coreml", "flax", "tf")
MAX_SMALL = 64 << 20  # bytes of a file that is not weights


@dataclass(frozen=True)
class RepoFile:
    """One file of a repository at one commit: path, bytes, and the hash that the hub promises.

    sha256 for large files (git LFS), else blob_id, git's own: SHA-1 of "blob <size>\\0" and the content.
    """

    name: str
    size: int
    sha256: str = ""
    blob_id: str = ""

    @property
    def etag(self) -> str:
        """What the hub's cache names the file's content by."""
        return self.sha256 or self.blob_id


def pick(files: Iterable[RepoFile]) -> list[RepoFile]:
    """The files to fetch, by name."""
    listed = [file for file in files if _is_plain_path(file.name)]
    names = {file.name for file in listed}
    pipeline = "model_index.json" in names
    networks = {_folder(name) for name in names if pipeline and _folder(name) and _weights(name)}
    chosen = []
    for file in listed:
        folder, found = _folder(file.name), _weights(file.name)
        if folder and not pipeline:
            continue
        if found:
            # single-file copies beside a pipeline's parts are the same weights again
            if (folder or not networks) and not (_variant(file.name) and _has_plain(folder, names)):
                chosen.append(file)
        elif PLAIN.match(PurePosixPath(file.name).name) and not NOT_WEIGHTS.search(file.name):
            if file.size <= MAX_SMALL:
                chosen.append(file)
        elif file.name == "README.md":
            chosen.append(file)
    return sorted(chosen, key=lambda file: file.name)


def only_pickled(files: Iterable[RepoFile]) -> str:
    """The name of a pickle with weights, in a folder that has no safetensors; empty where all is well."""
    names = [file.name for file in files if _is_plain_path(file.name)]
    safe = {_folder(name) for name in names if _weights(name)}
    for name in sorted(names):
        if PICKLE.match(PurePosixPath(name).name) and _folder(name) not in safe:
            return name
    return ""


def _is_plain_path(name: str) -> bool:
    """At most one folder deep, and neither absolute nor upwards: the name becomes a path on this disk."""
    *folders, _ = name.split("/")
    return len(folders) <= 1 and all(
        FOLDER.match(folder) and folder.lower() not in NOT_PARTS for folder in folders
    )


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _weights(name: str) -> re.Match[str] | None:
    return WEIGHTS.match(PurePosixPath(name).name)


def _variant(name: str) -> bool:
    found = _weights(name)
    return bool(found and (found["variant"] or found["index_variant"]))


def _has_plain(folder: str, names: set[str]) -> bool:
    """Whether the folder has the weights in the precision they were published in."""
    return any(_folder(name) == folder and _weights(name) and not _variant(name) for name in names)
