"""python -m aigc_demo.publish.smoke: start the app of this folder, have its model generate once, read the label.

Ends with status 0 and a line that says what came, or with the reason why nothing did.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aigc_demo.core.settings import PUBLISHED, ROOT, Settings

PATIENCE = 1800  # seconds for the page to come up, as Spaces gives it


def main() -> None:
    """The whole test."""
    from aigc_demo import provenance

    example = example_call()
    with tempfile.TemporaryDirectory() as temporary, served(Path(temporary)) as url:
        path = generate(url, example, Path(temporary))
        found = provenance.read(path)
        if not found.ai_generated or found.recipe is None or found.recipe.model != example["fields"]["model"]:
            sys.exit(f"{path.name} is not labelled as the model's work: {found}")
        print(
            f"{example['endpoint']} made {path.name}, {path.stat().st_size} bytes, labelled ({found.source_type})"
        )


def example_call() -> Mapping[str, Any]:
    """What to ask: as the published folder says, in the app's own repository as for the whole app."""
    if PUBLISHED.is_file():
        return json.loads(PUBLISHED.read_text(encoding="utf-8"))["example"]
    from aigc_demo.publish.plan import plan_for

    return plan_for("", Settings()).example


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of `python app.py`, while it runs; its last words where it ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"GRADIO_SERVER_PORT": str(port)}
    log = folder / "log.txt"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    url = f"http://127.0.0.1:{port}/"
    try:
        wait_for(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for(url: str, process: subprocess.Popen, log: Path) -> None:
    """Return once the page answers."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            sys.exit(f"app.py ended with status {process.returncode}:\n{log.read_text()[-4000:]}")
        try:
            with urllib.request.urlopen(url, timeout=10):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    sys.exit(f"no page after {PATIENCE} s:\n{log.read_text()[-4000:]}")


def generate(url: str, example: Mapping[str, Any], folder: Path) -> Path:
    """The first file that the example's endpoint answers with."""
    from gradio_client import Client, handle_file
    from PIL import Image

    fields = dict(example["fields"])
    for name in example["pictures"]:
        Image.linear_gradient("L").resize((64, 64)).save(folder / "picture.png")
        fields[name] = handle_file(folder / "picture.png")
    client = Client(url, verbose=False, download_files=str(folder / "answers"))
    answer = client.predict(**fields, api_name=example["endpoint"])
    return Path(first_file(answer))


def first_file(answer: Mapping[str, Any]) -> str:
    """Endpoints answer with a `file`, with `files`, or with a file a format."""
    return answer.get("file") or (answer["files"][0] if "files" in answer else answer["gif"])


if __name__ == "__main__":
    main()
