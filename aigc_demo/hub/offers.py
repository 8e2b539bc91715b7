"""What one model would cost to fetch, asked before anything is: files, bytes, licence, room on disk and in memory."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aigc_demo.core.disk import disk_free
from aigc_demo.core.settings import Settings
from aigc_demo.core.words import Text
from aigc_demo.hub.catalogue import Entry, find_entry
from aigc_demo.hub.client import PATIENCE, check_id, class_name_of, is_offline, licence_of, repository
from aigc_demo.hub.failures import offline, sentence
from aigc_demo.hub.files import RepoFile, only_pickled, pick
from aigc_demo.hub.records import fetched
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import kinds
from aigc_demo.pretrained.allow_list import ARCHITECTURES, PIPELINES, kind_of
from aigc_demo.pretrained.inspect import read_class

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo
    from huggingface_hub.hf_api import RepoSibling

COMMIT = re.compile(r"^[0-9a-f]{40}$")
HASH = re.compile(r"^([0-9a-f]{40}|[0-9a-f]{64})$")
HALF = 2  # bytes of a number as most models are published: a guess where the hub has not counted them
MARGIN = 500 << 20  # bytes of disk that stay free


@dataclass(frozen=True)
class Offer:
    """What it would take to fetch a model, before anything is fetched.

    revision: the commit. files with their sizes, of `bytes` in all, `here_bytes` of them on this disk already. card:
    what it would be listed as. already: it can be chosen now. refusal: why it cannot be used, whatever its size; None
    where it can, as far as can be told before.
    """

    id: str
    revision: str
    licence: str
    gated: bool
    bytes: int
    here_bytes: int
    disk_free: int
    files: tuple[RepoFile, ...]
    kind: str
    card: ModelCard
    entry: Entry | None
    already: bool
    refusal: Text | None

    @property
    def fits_disk(self) -> bool:
        """Whether what is missing fits the disk, with a margin."""
        return self.bytes - self.here_bytes + MARGIN <= self.disk_free


def look_up(model_id: str, settings: Settings) -> Offer:
    """What the hub says of one model now; an InputError that says why where it has nothing to say.

    Offline, what another program of this machine has fetched before is an offer, too: all of it is here.
    """
    model_id = check_id(model_id, settings)
    entry = find_entry(model_id)
    if is_offline(settings):
        if not (cached := _cached(model_id, settings)):
            raise offline()
        return _offer(model_id, cached, entry, settings)
    from huggingface_hub import HfApi

    try:
        info = HfApi().model_info(
            model_id, revision=entry.revision if entry else None, files_metadata=True, timeout=PATIENCE
        )
        return _offer(model_id, info, entry, settings)
    except Exception as error:
        raise sentence(error, model_id) from error


def _offer(model_id: str, info: "ModelInfo", entry: Entry | None, settings: Settings) -> Offer:
    """The offer by what the hub says; a ValueError where that is nothing to build paths on this disk of."""
    if not COMMIT.match(info.sha or ""):
        raise ValueError("the revision is no commit")
    listed = [_repo_file(sibling) for sibling in info.siblings or []]
    files = tuple(pick(listed))
    kind, refusal = _kind(info, entry, listed)
    card = _card(model_id, info, entry, kind, files)
    return Offer(
        id=model_id,
        revision=info.sha,
        licence=card.licence,
        gated=bool(info.gated),
        bytes=sum(file.size for file in files),
        here_bytes=_bytes_here(model_id, info.sha, files, settings),
        disk_free=disk_free(settings.hub_dir),
        files=files,
        kind=kind,
        card=card,
        entry=entry,
        already=any(card.id == model_id and card.revision == info.sha for card in fetched(settings)),
        refusal=refusal,
    )


def _repo_file(sibling: "RepoSibling") -> RepoFile:
    """A file as the hub lists it. Its hash becomes a file name on this disk: a ValueError where it is none."""
    file = RepoFile(
        sibling.rfilename,
        sibling.size or 0,
        sibling.lfs.sha256 if sibling.lfs else "",
        sibling.blob_id or "",
    )
    if file.etag and not HASH.match(file.etag):
        raise ValueError(f"the hash of {file.name} is none")
    return file


def _cached(model_id: str, settings: Settings) -> "ModelInfo | None":
    """The newest revision in the client's cache, told as the hub would; None where there is none with weights."""
    from huggingface_hub import ModelInfo

    folders = [path for path in (repository(model_id, settings) / "snapshots").glob("*") if path.is_dir()]
    if not folders:
        return None
    newest = max(folders, key=lambda folder: folder.stat().st_mtime)
    files = [path for path in newest.rglob("*") if path.is_file()]
    if not any(path.suffix == ".safetensors" for path in files):
        return None
    class_name, config = read_class(newest, model_id)
    found = (
        {"diffusers": {"_class_name": class_name}}
        if "_class_name" in config
        else {"architectures": [class_name]}
    )
    siblings = [
        {"rfilename": path.relative_to(newest).as_posix(), "size": path.stat().st_size} for path in files
    ]
    return ModelInfo(id=model_id, sha=newest.name, siblings=siblings, config=found)


def _kind(info: "ModelInfo", entry: Entry | None, files: list[RepoFile]) -> tuple[str, Text | None]:
    """The kind of a model by what the hub says of it, and why it cannot be used, as far as that can be seen already."""
    class_name = class_name_of(info)
    kind = kind_of(class_name) or (entry.kind if entry and not class_name else "")
    if class_name and not kind:
        known = ", ".join({**ARCHITECTURES, **PIPELINES})
        return "", Text(
            en=f"It is a {class_name[:60]}; the app loads {known}.",
            zh=f"它是 {class_name[:60]}；本应用可加载 {known}。",
        )
    if not any(file.name.endswith(".safetensors") for file in files):
        return kind, Text(
            en="Its weights are not in safetensors; other formats can run code when they are opened.",
            zh="其权重不是 safetensors 格式；其他格式打开时可能运行代码。",
        )
    if name := only_pickled(files) if class_name in PIPELINES else "":
        return kind, Text(
            en=f"Its part {name} is not in safetensors; other formats can run code when they are opened.",
            zh=f"其组件 {name} 不是 safetensors 格式；其他格式打开时可能运行代码。",
        )
    return kind, None


def _card(
    model_id: str, info: "ModelInfo", entry: Entry | None, kind: str, files: tuple[RepoFile, ...]
) -> ModelCard:
    """What the model would be listed as: the catalogue's words, else its name."""
    counted = info.safetensors.total if info.safetensors else 0
    facts = {"licence": licence_of(info) or "unknown", "revision": info.sha or ""}
    if entry:
        facts |= {"licence": licence_of(info) or entry.licence, "parameters": counted or entry.parameters}
        return entry.card().model_copy(update=facts)
    name, (row, found) = model_id.rsplit("/", 1)[-1], kinds().get(kind, (None, None))
    return ModelCard(
        id=model_id,
        folder=Path("-"),
        family=row.name if row else "unknown",
        kind=kind,
        tasks=found.tasks if found else (),
        title=Text(en=name, zh=name),
        summary=Text(en=f"Pretrained: {model_id}.", zh=f"预训练模型：{model_id}。"),
        parameters=counted or sum(file.size for file in files) // HALF,
        data="see the model's page",
        **facts,
    )


def _bytes_here(model_id: str, revision: str, files: tuple[RepoFile, ...], settings: Settings) -> int:
    """Bytes of a model's files that are on this disk already, wholly or in part."""
    home = repository(model_id, settings)
    here = 0
    for file in files:
        blob, partial = home / "blobs" / file.etag, home / "blobs" / f"{file.etag}.incomplete"
        if blob.is_file() or (home / "snapshots" / revision / file.name).is_file():
            here += file.size
        elif partial.is_file():
            here += min(partial.stat().st_size, file.size)
    return here
