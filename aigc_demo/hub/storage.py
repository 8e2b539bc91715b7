"""What is on this disk: how large it is, how to be rid of it, and folders of one's own as models."""

import re
import shutil
from pathlib import Path

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.hub.carried import converted_dir
from aigc_demo.hub.client import MODEL_ID, repository
from aigc_demo.hub.downloads import require_right
from aigc_demo.hub.records import fetched, forget, keep
from aigc_demo.models.cards import ModelCard
from aigc_demo.pretrained.check import check

OWN = "local/"
PART = re.compile(r"^([0-9a-f]{40}|[0-9a-f]{64})\.incomplete$")


def size_on_disk(card: ModelCard) -> int:
    """Bytes of a model's files."""
    return sum(path.stat().st_size for path in card.folder.rglob("*") if path.is_file())


def delete(model_id: str, settings: Settings) -> None:
    """Forget a model; its files go, too, where they lie in the hub's cache or were made out of a Python package.

    A folder of one's own, and the package, are left as they are.

    The client's own strategy deletes: what other revisions of the model share stays. Of a model that has come in part,
    that part goes. InputError where there is nothing.
    """
    require_right(settings)
    card = next((card for card in fetched(settings) if card.id == model_id), None)
    if card is None and (parts := _parts(model_id, settings)):
        for path in parts:
            path.unlink()
    elif card is None:
        raise InputError(
            en=f"There is no fetched model {model_id[:60]}; see what is here in the list.",
            zh=f"没有已下载的模型 {model_id[:60]}；请在列表中查看已有的模型。",
        )
    elif card.folder.resolve().is_relative_to(settings.hub_dir.resolve()):
        from huggingface_hub import scan_cache_dir

        scan_cache_dir(settings.hub_dir).delete_revisions(card.revision).execute()
    elif card.folder.resolve().is_relative_to(converted_dir(settings).resolve()):
        shutil.rmtree(card.folder)
    forget(model_id, settings)


def _parts(model_id: str, settings: Settings) -> list[Path]:
    """What `Downloads` has begun to fetch of a model; the client's own unfinished files have longer names."""
    if not MODEL_ID.match(model_id):
        return []
    return [
        path for path in repository(model_id, settings).glob("blobs/*.incomplete") if PART.match(path.name)
    ]


def add_folder(path: Path | str, settings: Settings) -> ModelCard:
    """Offer the pretrained model in a folder of this disk as `local/<name>`; it is checked, and stays where it is.

    On one's own machine only. An InputError where it is none that this app can use.
    """
    if not settings.rules.folder_paths:
        raise InputError(
            en="Folders can be added on one's own machine only.", zh="只能在自己的电脑上添加文件夹。"
        )
    folder = Path(path).expanduser().resolve()
    if not folder.is_dir():
        raise InputError(
            en=f"There is no folder {path}; give the one with config.json or model_index.json in it.",
            zh=f"没有文件夹 {path}；请给出含 config.json 或 model_index.json 的文件夹。",
        )
    card = check(folder, OWN + re.sub(r"[^\w.-]", "-", folder.name)[:90], digest=True)
    keep(card, settings)
    return card
