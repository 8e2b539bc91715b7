"""Model cards: what a model is, what it was trained on, its licence and its measured figures.

A model in weights/ or runs/ is a folder whose README.md begins with the YAML front matter of a Hugging Face
model card, plus a block `aigc:` that the app reads. The card is the only list of models there is: a folder with
a card appears in the pickers, a folder without one does not.
"""

import hashlib
import json
import logging
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text, parse_yaml
from aigc_demo.models.family import families
from aigc_demo.models.shards import INDEX, shard_files

log = logging.getLogger(__name__)


FORMER = frozenset({"embed"})  # in records of models that an earlier version fetched


def known(tasks: tuple[str, ...]) -> tuple[str, ...]:
    """The tasks of a card, all of which some family serves."""
    served = {task for row in families().values() for task in row.served}
    if unknown := set(tasks) - served - FORMER:
        raise ValueError(f"no model serves {', '.join(sorted(unknown))[:60]}")
    return tasks


Tasks = Annotated[tuple[str, ...], AfterValidator(known)]
WEIGHTS = ("model.safetensors", "rules.yaml", "adapter_model.safetensors", "pytorch_lora_weights.safetensors")
DTYPE_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


class ModelCard(BaseModel):
    """One model, as the pickers show it: id and folder from the disk, classes from config.json, the rest from the card.

    `kind` names the loader inside the family; empty for a family's own weights. A pretrained model has a `revision`
    (the commit it was fetched at) and may have `defaults`, request fields that it is made for. An adapter has `base`,
    the id of the model that it belongs to, and serves no task by itself. `source`: what on this disk it was made of,
    where that is not the folder itself.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    folder: Path
    family: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    tasks: Tasks
    title: Text
    summary: Text
    parameters: int
    licence: str
    data: str
    language: str = ""
    classes: dict[str, list[str]] = {}
    figures: dict[str, Any] = {}
    kind: str = ""
    revision: str = ""
    base: str = ""
    defaults: dict[str, Any] = {}
    source: str = ""

    def weights_hash(self) -> str:
        """What tells these weights from others, for recipes: the revision, else the file's sha256, or that of its files' sums; 16 hex digits."""
        if self.revision:
            return self.revision[:16]
        path = next((self.folder / name for name in WEIGHTS if (self.folder / name).exists()), None)
        if path is not None:
            return file_hash(path)[:16]
        parts = "".join(file_hash(part) for part in shard_files(self.folder))
        return hashlib.sha256(parts.encode()).hexdigest()[:16]

    def weights_bytes(self, dtype: str = "float32") -> int:
        """Bytes of the weights once loaded."""
        return DTYPE_BYTES[dtype] * self.parameters


def file_hash(path: Path) -> str:
    """sha256 of a file, remembered while it stays as it is."""
    return _sha256(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256(path: Path, modified: int) -> str:
    """Hash of a file; `modified` is part of the key so that replaced weights are hashed again."""
    with path.open("rb") as file:
        return (
            hashlib.file_digest(file, "sha256").hexdigest()
            if hasattr(hashlib, "file_digest")
            else _digest(file)
        )


def _digest(file: Any) -> str:
    """hashlib.file_digest for Python 3.10."""
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def front_matter(text: str) -> dict[str, Any]:
    """The YAML block between the first two lines of three dashes; empty where there is none."""
    if not text.startswith("---\n") or "\n---" not in text[4:]:
        return {}
    loaded = parse_yaml(text[4:].split("\n---", 1)[0])
    return loaded if isinstance(loaded, dict) else {}


def own_card(folder: Path) -> bool:
    """Whether a folder holds a model of this app: a card with the block that the app reads."""
    path = folder / "README.md"
    return path.is_file() and "aigc" in front_matter(path.read_text(encoding="utf-8", errors="replace"))


def read_card(folder: Path, model_id: str) -> ModelCard:
    """The card of a model folder, read again when its files have changed; an InputError that names what is missing."""
    try:
        stats = [(folder / name).stat() for name in ("README.md", "config.json")]
        return _parse_card(folder, model_id, tuple((stat.st_mtime_ns, stat.st_size) for stat in stats))
    except (OSError, ValueError, yaml.YAMLError, AttributeError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            en=f"{model_id}: its model card (README.md) cannot be read: {reason}.",
            zh=f"{model_id}：无法读取模型卡（README.md）：{reason}。",
        ) from error


@lru_cache(maxsize=256)
def _parse_card(folder: Path, model_id: str, version: tuple[tuple[int, int], ...]) -> ModelCard:
    """Parse the YAML, which takes 20 ms a card; every request looks for its model's. `version` is part of the key."""
    block = front_matter((folder / "README.md").read_text(encoding="utf-8")).get("aigc", {})
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    own = {"id": model_id, "folder": folder, "classes": config.get("classes", {})}
    if "task" in config:
        own["defaults"] = {**block.get("defaults", {}), "task": config["task"]}
    card = ModelCard.model_validate({**block, **own})
    try:
        card.model_dump_json()
    except ValueError as error:  # which no page and no program could be sent
        raise ValueError("a word in it holds half of a surrogate pair") from error
    return card


def find_cards(folder: Path, prefix: str = "") -> list[ModelCard]:
    """The cards of all model folders directly inside `folder`, by name; ids get `prefix` before the name.

    A card that cannot be read is told to the log: one broken folder does not take the others away.
    """
    if not folder.is_dir():
        return []
    found = []
    for child in sorted(folder.iterdir()):
        has_weights = any((child / name).is_file() for name in (*WEIGHTS, INDEX))
        if has_weights and (child / "README.md").is_file():
            try:
                found.append(read_card(child, prefix + child.name))
            except InputError as error:
                log.warning("%s %s", error.text.en, error.text.zh)
    return found
