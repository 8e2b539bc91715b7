"""A trained model as one zip, and such a zip as a model of this app.

What comes from elsewhere is opened by a process with limits, import_zip.py, and appears among the runs only once that
has found it good.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from aigc_demo.core.errors import InputError
from aigc_demo.jobs.import_zip import MOST_BYTES, NEEDED, refused
from aigc_demo.jobs.request import NAME
from aigc_demo.models.cards import WEIGHTS
from aigc_demo.models.safetensors_header import weights_of

PATIENCE = 60  # seconds that loading may take


def export_run(run: Path, out: Path) -> Path:
    """Write the model of a run to `out`, a zip: weights, config, tokenizer, card, recipe, figures; no data, no state."""
    for name in (weights_of(run).name, *NEEDED):
        if not (run / name).is_file():
            raise InputError(
                en=f"runs/{run.name} has no {name} yet; export it once training has saved a model.",
                zh=f"runs/{run.name} 还没有 {name}；请等训练保存过模型后再导出。",
            )
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        with zipfile.ZipFile(temporary, "w") as archive:
            for name in MOST_BYTES:
                if name == "train.json" and (run / name).is_file():
                    archive.writestr(name, _recipe(run), zipfile.ZIP_DEFLATED)
                elif (run / name).is_file():
                    how = zipfile.ZIP_STORED if name in WEIGHTS else zipfile.ZIP_DEFLATED
                    archive.write(run / name, name, how)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    return out


def import_run(archive: Path, runs_dir: Path, name: str) -> str:
    """Make the model in a zip of `export_run` the run `name`; its model id, or an InputError in one sentence."""
    _check_name(runs_dir, name)
    runs_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".import-", dir=runs_dir) as temporary:
        folder = Path(temporary) / name
        folder.mkdir()
        _import_zip(archive.resolve(), folder.resolve())
        _check_name(runs_dir, name)
        folder.rename(runs_dir / name)
    return f"runs/{name}"


def _check_name(runs_dir: Path, name: str) -> None:
    if not re.fullmatch(NAME, name):
        raise InputError(
            en=f"{name[:60]!r} is no name for a model; take up to 60 letters, digits, dots and dashes.",
            zh=f"{name[:60]!r} 不能作为模型名称；请使用不超过 60 个的字母、数字、点和短横线。",
        )
    if (runs_dir / name).exists():
        raise InputError(
            en=f"There is a run {name} already; choose another name, or delete that one first.",
            zh=f"已有名为 {name} 的训练；请换一个名称，或先删除它。",
        )


def _recipe(run: Path) -> str:
    """train.json without where the owner's data lie."""
    request = json.loads((run / "train.json").read_text(encoding="utf-8"))
    request["data"] = Path(str(request.get("data", ""))).name
    return json.dumps(request, ensure_ascii=False, indent=2)


def _import_zip(archive: Path, folder: Path) -> None:
    """Unpack, check and load the model in a process that may not take more than is decent."""
    kept = ("PATH", "HOME", "LANG", "SYSTEMROOT", "LD_LIBRARY_PATH", "PYTHONPATH")
    environment = {name: os.environ[name] for name in kept if name in os.environ} | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "aigc_demo.jobs.import_zip", str(archive), str(folder)]
    root = Path(__file__).parent.parent.parent
    try:
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise refused(
            f"its model is not loaded after {PATIENCE} s", f"{PATIENCE} 秒后仍未加载其模型"
        ) from error
    if done.returncode:
        raise _last_words(done.stdout)


def _last_words(output: bytes) -> InputError:
    """The sentence that the process ended with; of one that was killed for its greed, ours."""
    try:
        words = json.loads(output)
        return InputError(words["en"], words["zh"])
    except (ValueError, TypeError, KeyError):
        return refused("its model cannot be loaded", "其模型无法加载")
