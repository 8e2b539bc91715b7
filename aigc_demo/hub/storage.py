"""What is on this disk: how large it is, and how to be rid of it."""

import re
import shutil
from pathlib import Path

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.hub.carried import converted_dir
from aigc_demo.hub.client import MODEL_ID, repository
from aigc_demo.hub.downloads import require_right
from aigc_demo.hub.records import fetched, forget
from aigc_demo.models.cards import ModelCard

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
