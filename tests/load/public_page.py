"""The app as a public page, in a process of its own with folders of its own, for the benches that visit it."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import ROOT, Settings

PATIENCE = 180.0  # seconds until the page has to be there


@dataclass(frozen=True)
class PublicPage:
    """A page that runs: its address, its process, and the folder with all that it writes."""

    url: str
    pid: int
    folder: Path

    def log(self) -> str:
        """What it has said."""
        return (self.folder / "log.txt").read_text("utf-8", errors="replace")


@contextmanager
def public_page(settings: Settings) -> Iterator[PublicPage]:
    """Serve as on Spaces, where no login is asked for, with training; on this machine alone, without the network."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="aigc-public-") as temporary:
        folder = Path(temporary)
        environment = {
            **os.environ,
            "AIGC_MODE": "spaces",
            "AIGC_ALLOW_TRAINING": "1",
            "AIGC_OFFLINE": "1",
            "AIGC_HOSTS": "127.0.0.1",
            "AIGC_WEIGHTS_DIR": str(settings.weights_dir.resolve()),
            "AIGC_DEVICE": settings.device,
            **{f"AIGC_{name.upper()}_DIR": str(folder / name) for name in ("outputs", "runs", "data")},
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(port),
        }
        with (folder / "log.txt").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        try:
            page = PublicPage(f"http://127.0.0.1:{port}/", process.pid, folder)
            _wait(page, process)
            yield page
        finally:
            process.kill()
            process.wait()


def _wait(page: PublicPage, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(page.url, timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    last = (page.log().strip().splitlines() or [f"not within {PATIENCE:g} s"])[-1]
    raise InputError(
        en=f"The page did not come up ({last}); try python app.py --mode spaces.",
        zh=f"网页没有启动（{last}）；请运行 python app.py --mode spaces 查看原因。",
    )
