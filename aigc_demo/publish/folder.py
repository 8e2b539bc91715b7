"""Write a published folder: wholly, under its name at the end, or not at all."""

import json
import shutil
import tempfile
import zipfile
from pathlib import Path

from aigc_demo.core.disk import write_json
from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import ROOT, Settings
from aigc_demo.hub.records import pinned_path
from aigc_demo.jobs.export import export_run
from aigc_demo.models.cards import ModelCard
from aigc_demo.publish.plan import Plan, plan_for
from aigc_demo.publish.readme import readme
from aigc_demo.publish.requirements import requirements_text

PACKAGE = "aigc_demo"
LARGE = "*.safetensors filter=lfs diff=lfs merge=lfs -text\n"  # files over 10 MB, for those who push with git


def publish(model_id: str, out: Path, settings: Settings) -> Plan:
    """Make `out` a Space that shows a model, or the whole app where the id is empty; what was planned is returned.

    An InputError where the model cannot be published or something lies at `out`.
    """
    plan = plan_for(model_id, settings)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(
            en=f"{out.name} is there already; name a folder that is new or empty.",
            zh=f"{out.name} 已存在；请指定一个新的或空的文件夹。",
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".publish-", dir=out.parent) as temporary:
        folder = Path(temporary) / out.name
        write(plan, folder)
        if out.is_dir():
            out.rmdir()
        folder.rename(out)
    return plan


def publish_zip(model_id: str, folder: Path, settings: Settings) -> Path:
    """The same as one zip inside `folder`, for a browser to take away."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".publish-", dir=folder) as temporary:
        plan = plan_for(model_id, settings)
        write(plan, Path(temporary) / plan.name)
        packed = Path(temporary) / "space.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(Path(temporary, plan.name).rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(temporary))
        return packed.replace(folder / f"{plan.name}-space.zip")


def write(plan: Plan, folder: Path) -> None:
    """All files of the plan, in a new folder."""
    left_out = shutil.ignore_patterns("__pycache__", "*.pyc", "bench")
    shutil.copytree(ROOT / PACKAGE, folder / PACKAGE, ignore=left_out)
    for name in ("app.py", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    for card in plan.copied:
        copy_model(card, folder)
    for card in plan.pinned:
        write_json(pinned_path(folder / "weights", card.id), card.model_dump(mode="json", exclude={"folder"}))
    settings = {"tabs": ",".join(plan.tabs)}
    space = {"settings": settings, "example": dict(plan.example)}
    (folder / "space.json").write_text(
        json.dumps(space, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    (folder / "requirements.txt").write_text(requirements_text(plan.packages), encoding="utf-8")
    (folder / "README.md").write_text(readme(plan), encoding="utf-8")
    (folder / ".gitattributes").write_text(LARGE, encoding="utf-8")


def copy_model(card: ModelCard, folder: Path) -> None:
    """A model's own files: a run without its data, samples and states, as it is exported."""
    if not card.id.startswith("runs/"):
        shutil.copytree(card.folder, folder / "weights" / card.id)
        return
    target = folder / card.id
    target.mkdir(parents=True)
    with (
        tempfile.TemporaryDirectory() as temporary,
        zipfile.ZipFile(export_run(card.folder, Path(temporary) / "run.zip")) as archive,
    ):
        archive.extractall(target)  # our own, just written
