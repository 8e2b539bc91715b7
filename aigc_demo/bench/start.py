"""How long until the page is served: `python app.py` against the smallest Gradio page there is."""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from aigc_demo.bench.measure import Comparison, take_turns
from aigc_demo.cli.flags import Asked
from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import ROOT, Settings
from aigc_demo.core.words import Text

ROUNDS = 7
PATIENCE = 120.0  # seconds to wait for a page
BARE = "import gradio as gr\nwith gr.Blocks() as page: gr.Textbox()\npage.launch()\n"


def measure(asked: Asked) -> list[Comparison]:
    """Process start to the first HTTP 200 of both pages."""
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE, encoding="utf-8")
        ours, plain = take_turns(
            lambda: seconds_to_serve([str(ROOT / "app.py")], asked.settings),
            lambda: seconds_to_serve([str(bare)], asked.settings),
            ROUNDS,
        )
    return [
        Comparison(
            Text(
                "process start to first HTTP 200, against a bare Gradio page",
                "从启动进程到首个 HTTP 200，对照最简 Gradio 页面",
            ),
            "s",
            1.25,
            ours,
            plain,
        )
    ]


def seconds_to_serve(program: Sequence[str], settings: Settings) -> float:
    """Wall time from starting a Python program to the first page it serves."""
    start = time.perf_counter()
    with served(program, settings):
        return time.perf_counter() - start


@contextmanager
def served(program: Sequence[str], settings: Settings) -> Iterator[str]:
    """The address of a page while its program runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "AIGC_WEIGHTS_DIR": str(settings.weights_dir),
        "AIGC_OUTPUTS_DIR": str(settings.outputs_dir),
        "AIGC_DEVICE": settings.device,
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ANALYTICS_ENABLED": "False",
    }
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen([sys.executable, *program], env=environment, stdout=log, stderr=log)
        try:
            _wait(process, port, log)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen, port: int, log) -> None:
    """Ask for the page every 5 ms until it comes."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.005)
    log.seek(0)
    last = (log.read().strip().splitlines() or [f"not within {PATIENCE:g} s"])[-1]
    raise InputError(
        en=f"The page did not come up ({last}); try python app.py.",
        zh=f"网页没有启动（{last}）；请运行 python app.py 查看原因。",
    )
