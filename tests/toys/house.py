"""A copy of the app in which a family, or a task, has been added as a developer would; and what that has cost."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
# What the steps of both ways begin with.
COMMANDS = """
import json, sys
from contextlib import redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

from aigc_demo.__main__ import main

def command(*words):
    out = TextIOWrapper(BytesIO(), "utf-8")
    with redirect_stdout(out):
        assert main([*words, "--json"]) == 0, words
    return json.loads(out.buffer.getvalue())

own = Path(sys.argv[1])
"""
ROW = """
    Task(
        "mirror", MirrorRequest, ("image",), "mirror", "write_mirror", PICTURES, Text("mirror a picture", "翻转图片"),
        page="mirror", tab="mirror.mirror_tab:MirrorTab", endpoint="mirror", emoji="🪞", smoke={"gap": 2},
    ),
)  # fmt: skip
REQUESTS"""


def build(folder):
    """Copy the app, without its models."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "aigc_demo", folder / "aigc_demo", ignore=ignored)
    for name in ("app.py", "LICENSE", "requirements.txt"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def insert(path, before, text):
    """Edit a file as a person would: `text` ahead of what stands there once."""
    whole = path.read_text("utf-8")
    assert whole.count(before) == 1, f"{path.name}: {before}"
    path.write_text(whole.replace(before, text + before), "utf-8")


def replace(path, old, new):
    """Edit a file as a person would."""
    whole = path.read_text("utf-8")
    assert whole.count(old) == 1, f"{path.name}: {old}"
    path.write_text(whole.replace(old, new), "utf-8")


def add_family(folder):
    """The toy family: its folder, and its name in the list."""
    shutil.copytree(HERE / "family", folder / "aigc_demo" / "families" / "toy")
    replace(folder / "aigc_demo" / "families" / "__init__.py", "NAMES = (", 'NAMES = ("toy", ')


def add_task(folder):
    """The toy task: files of its own, words, and its row, its verbs and its tab's name."""
    package = folder / "aigc_demo"
    shutil.copy(HERE / "task" / "schema.py", package / "schemas" / "mirror.py")
    shutil.copy(HERE / "task" / "action.py", package / "actions" / "mirror.py")
    (package / "ui" / "mirror").mkdir()
    shutil.copy(HERE / "task" / "tab.py", package / "ui" / "mirror" / "mirror_tab.py")
    for lang in ("en", "zh"):
        shutil.copy(HERE / "task" / f"{lang}.yaml", package / "ui" / "i18n" / lang / "mirror.yaml")
    tasks = package / "schemas" / "tasks.py"
    insert(tasks, "from aigc_demo.schemas.pictures", "from aigc_demo.schemas.mirror import MirrorRequest\n")
    replace(tasks, "\n)  # fmt: skip\nREQUESTS", ROW)
    verbs = "from aigc_demo.actions.mirror import MirrorResult, mirror, write_mirror\n"
    insert(package / "actions" / "__init__.py", "from aigc_demo.actions.pictures", verbs)
    replace(package / "core" / "settings.py", '"walk", "evaluate"', '"walk", "mirror", "evaluate"')


def edited(folder):
    """The files of the package that are no longer as they were; new ones do not count."""
    package, was = folder / "aigc_demo", ROOT / "aigc_demo"
    files = [
        path.relative_to(was) for path in was.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    return sorted(
        name.as_posix() for name in files if (package / name).read_bytes() != (was / name).read_bytes()
    )


def go(house, steps, own, **folders):
    """What the steps found, done in one process of that copy, since torch is slow to import; all they write is in `own`."""
    places = {name: own / name for name in ("weights", "runs", "data", "outputs")} | folders
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {f"AIGC_{name.upper()}_DIR": str(path) for name, path in places.items()}
    done = subprocess.run(
        [sys.executable, "-c", f"{COMMANDS}{steps}print(json.dumps(found))", str(own)],
        cwd=house,
        env=environment | {"AIGC_OFFLINE": "1", "AIGC_DEVICE": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])
