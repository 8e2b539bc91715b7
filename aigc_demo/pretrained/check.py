"""python -m aigc_demo.pretrained.check FOLDER MODEL_ID [--digest]: inspect a model and read all its values, in a process with limits.

Prints the card as JSON, or the reason as {"en": ..., "zh": ...} with status 1. Whatever a hostile file does to the
one who reads it, it does to this process, which has no secrets in its environment and is given back at once.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from aigc_demo.core.errors import InputError
from aigc_demo.core.processes import clean_environment, limit
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.safetensors_header import check_finite
from aigc_demo.pretrained.inspect import inspect, weight_files
from aigc_demo.pretrained.refusal import refused

MEMORY = 64 << 30  # bytes of address space: files are mapped, one at a time
SECONDS = 1800  # of processor time: about 200 MB/s are read at worst
PATIENCE = 3600


def check(
    folder: Path,
    model_id: str,
    started: Callable[[subprocess.Popen], None] = lambda process: None,
    digest: bool = False,
) -> ModelCard:
    """The card of a model that a child process has found whole; an InputError with what it found instead.

    `started` is given the child, for who may want to end it. digest: hash the weights, for one that has no commit.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "aigc_demo.pretrained.check", str(folder), model_id, *["--digest"] * digest],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=clean_environment(os.environ),
    )
    started(process)
    try:
        said, _ = process.communicate(timeout=PATIENCE)
        answer = json.loads(said)
    except (subprocess.TimeoutExpired, ValueError) as error:
        process.kill()
        process.wait()
        raise refused(model_id, "the check of its files broke off", "对其文件的检查中断了") from error
    if process.returncode:
        raise InputError(**answer)
    return ModelCard.model_validate(answer)


def main(folder: Path, model_id: str, digest: bool) -> None:
    """Inspect the folder, read every value, and print what was found."""
    limit(MEMORY, MEMORY, SECONDS)
    try:
        card = inspect(folder, model_id)
        files = weight_files(folder, model_id)
        for path, header in files.items():
            check_finite(path, header)
    except InputError as error:
        print(json.dumps({lang: " ".join(error.say(lang).split())[:600] for lang in ("en", "zh")}))
        sys.exit(1)
    revision = _digest(sorted(files)) if digest else ""
    print(card.model_copy(update={"revision": revision}).model_dump_json())


def _digest(paths: list[Path]) -> str:
    """What tells these weights from others: sha256 over all weight files, cut to the length of a commit's hash."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:40]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], "--digest" in sys.argv[3:])
