"""Start a folder as Spaces would: fresh environment, read-only checkout, SYSTEM=spaces; and run its smoke test.

The folder is one that `publish` wrote, or the repository of the app itself, of which the files count that git tracks.
What differs from Spaces: Python is the one that runs this, not the front matter's; there is no container, no proxy in
front, and no GPU.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from aigc_demo.core.errors import InputError
from aigc_demo.models.cards import front_matter
from aigc_demo.publish.readme import RUN, SHORT

NEEDED = ("README.md", "app.py", "requirements.txt", "LICENSE")
PUBLISHED = "space.json"  # in a folder that `publish` wrote
REPOSITORY = "pyproject.toml"  # in the app's own repository
LARGEST = 10_000_000  # bytes of a file that the hub's git takes without its storage for large files
FIELDS = (
    "title",
    "emoji",
    "colorFrom",
    "colorTo",
    "sdk",
    "sdk_version",
    "python_version",
    "app_file",
    "license",
)
MINUTES = 30


def check_folder(folder: Path, python: Path | None = None) -> str:
    """What the smoke test says; an InputError with the reason where the folder does not work.

    The environment is made by the README's own commands; `python` is used in place of it, where it is given.
    """
    check_files(folder)
    with tempfile.TemporaryDirectory(prefix="space-") as temporary:
        checkout, home = Path(temporary) / "app", Path(temporary) / "home"
        copy_checkout(folder, checkout)
        (home / "tmp").mkdir(parents=True)
        environment = space_environment(home)
        if python is None:
            install = run_block(checkout)[:-1]
            installing = os.environ | {"HOME": str(home), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
            _run(["bash", "-euc", "\n".join(install)], checkout, installing, "install")
            python = checkout / ".venv" / "bin" / "python"
        before = fingerprint(checkout)
        forbid_writing(checkout, True)
        try:
            said = _run([str(python), "-m", "aigc_demo.publish.smoke"], checkout, environment, "smoke test")
        finally:
            forbid_writing(checkout, False)  # or it could not be removed
        if changed := sorted(set(fingerprint(checkout).items()) ^ set(before.items())):
            raise _failed(
                f"it writes into its checkout, as {changed[0][0]}", f"它写入了自己的目录，如 {changed[0][0]}"
            )
    return said.strip().splitlines()[-1]


def check_files(folder: Path) -> None:
    """An InputError where a file or a field that Spaces needs is missing or would be refused."""
    needed = NEEDED if (folder / REPOSITORY).is_file() else (*NEEDED, PUBLISHED)
    for name in needed:
        if not (folder / name).is_file():
            raise _failed(f"{name} is missing", f"缺少 {name}")
    if large := large_files(folder):
        raise _failed(f"{large[0]} has 10 MB or more", f"{large[0]} 达到或超过 10 MB")
    matter = front_matter((folder / "README.md").read_text(encoding="utf-8"))
    if missing := [name for name in FIELDS if not matter.get(name)]:
        raise _failed(f"README.md names no {missing[0]}", f"README.md 中没有 {missing[0]}")
    if matter["sdk"] != "gradio" or matter["app_file"] != "app.py":
        raise _failed(
            "its sdk is not gradio, or its app_file not app.py", "sdk 不是 gradio，或 app_file 不是 app.py"
        )
    if len(matter.get("short_description", "")) > SHORT:
        raise _failed(f"short_description is longer than {SHORT}", f"short_description 超过 {SHORT} 字符")
    check_gradio(folder, str(matter["sdk_version"]))


def check_gradio(folder: Path, sdk_version: str) -> None:
    """Spaces installs gradio at sdk_version; requirements.txt may pin it beside that only so that both fit."""
    text = (folder / "requirements.txt").read_text(encoding="utf-8")
    pinned = re.search(r"^gradio\b(?:==)?([^\s#;]*)", text, re.MULTILINE)
    if pinned and not fnmatch(sdk_version, pinned[1]):
        raise _failed(
            "requirements.txt pins gradio to another version than sdk_version",
            "requirements.txt 指定的 gradio 版本与 sdk_version 不同",
        )


def copy_checkout(folder: Path, checkout: Path) -> None:
    """What a push would take along."""
    for name in pushed(folder):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / name, checkout / name)


def pushed(folder: Path) -> list[str]:
    """The files, by name: of the app's repository those that git tracks, else all but environments and caches."""
    if (folder / REPOSITORY).is_file() and (folder / ".git").exists():
        names = _run(["git", "ls-files", "-z"], folder, os.environ, "git ls-files").split("\0")
    else:
        names = [path.relative_to(folder).as_posix() for path in own_parts(folder)]
    return [name for name in names if (folder / name).is_file() and "__pycache__" not in name]


def large_files(folder: Path) -> list[str]:
    """The files that the hub's git would refuse: 10 MB or more, and no pattern of .gitattributes keeps them elsewhere."""
    attributes = folder / ".gitattributes"
    lines = attributes.read_text(encoding="utf-8").splitlines() if attributes.is_file() else []
    elsewhere = [line.split()[0] for line in lines if "filter=lfs" in line]
    large = [name for name in pushed(folder) if (folder / name).stat().st_size >= LARGEST]
    return [name for name in large if not any(fnmatch(Path(name).name, pattern) for pattern in elsewhere)]


def run_block(folder: Path) -> list[str]:
    """The commands under "Run it" of the README, a line each or joined by &&; the last one serves the page."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"{re.escape(RUN)}\n```bash\n(.*?)\n```", text, re.DOTALL)
    if not found:
        raise _failed("README.md has no commands to run it", "README.md 中没有运行命令")
    return [step for line in found[1].splitlines() for step in line.split(" && ")]


def space_environment(home: Path) -> dict[str, str]:
    """The variables that a Space has, and no other of this machine but those that computing takes."""
    kept = ("PATH", "LANG", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "OMP_NUM_THREADS")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "PYTHONPYCACHEPREFIX": str(home / "pycache"),
        "SYSTEM": "spaces",
        "SPACE_ID": "someone/checked",
        "SPACE_HOST": "someone-checked.hf.space",
        "SPACE_AUTHOR_NAME": "someone",
        "SPACE_REPO_NAME": "checked",
        "GRADIO_SERVER_NAME": "0.0.0.0",
    }


def forbid_writing(folder: Path, forbid: bool) -> None:
    """Take the right to write away from everybody, or give it back to the owner; root has it all the same."""
    for path in (folder, *own_parts(folder)):
        mode = path.stat().st_mode
        path.chmod(mode & ~0o222 if forbid else mode | 0o200)


def fingerprint(folder: Path) -> dict[str, str]:
    """A hash of every file, by its name."""
    files = [path for path in own_parts(folder) if path.is_file()]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def own_parts(folder: Path) -> list[Path]:
    """The files and folders of a checkout, without its environment's."""
    top = [path for path in folder.iterdir() if path.name != ".venv"]
    return [*top, *(inner for path in top for inner in path.rglob("*"))]


def _run(command: list[str], folder: Path, environment: Mapping[str, str], step: str) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=60 * MINUTES,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _failed(f"its {step} took over {MINUTES} minutes", f"{step} 超过 {MINUTES} 分钟") from error
    if done.returncode:
        print((done.stdout + done.stderr)[-6000:], file=sys.stderr)
        raise _failed(f"its {step} failed, as printed above", f"{step} 失败，原因见上")
    return done.stdout


def _failed(en: str, zh: str) -> Any:
    return InputError(
        en=f"The folder does not work as a Space: {en}.", zh=f"此文件夹不能作为 Space 运行：{zh}。"
    )
