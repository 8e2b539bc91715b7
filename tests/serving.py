"""The app in a process of its own, as the README starts it, and what its pages are given to work on."""

import io
import os
import signal
import socket
import subprocess
import sys
import urllib.request
import zipfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from aigc_demo.core.settings import Settings
from tests.checkpoints import diffusion, keep_card, language

ROOT = Path(__file__).parents[1]


def write_photos(path):
    """A zip of 40 real pictures in two folders, crops of scikit-learn's two photographs, and one file that is none."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    with zipfile.ZipFile(path, "w") as archive:
        for name, picture in zip(("temple", "flower"), load_sample_images().images, strict=True):
            photograph = Image.fromarray(picture)
            for i in range(20):
                x, y = 120 * (i % 5), 85 * (i // 5)
                crop, file = photograph.crop((x, y, x + 160, y + 160)), io.BytesIO()
                crop.save(file, "PNG")
                archive.writestr(f"{name}/{name}-{i:02}.png", file.getvalue())
        archive.writestr("flower/notes.exe", b"MZ is no picture")


# id: who writes it, family, kind, tasks, and what else its card says
PRETRAINED = {
    "tiny/llama": (
        language.write_llama, "transformer", "causal_lm", ("text", "chat"), {"language": "en, zh"}
    ),
    "tiny/marian": (language.write_marian, "seq2seq", "seq2seq", ("rewrite",), {"language": "en, zh"}),
    "tiny/t5": (language.write_t5, "seq2seq", "seq2seq", ("rewrite",), {"language": "en"}),
    "tiny/sd": (
        diffusion.write_sd, "diffusion", "text_to_image", ("draw", "redraw", "inpaint", "latent"), {}
    ),
    "tiny/ddpm": (diffusion.write_ddpm, "diffusion", "unconditional", ("image", "latent"), {}),
    "tiny/taesd": (diffusion.write_taesd, "vae", "autoencoder", ("latent",), {}),
}  # fmt: skip


def write_pretrained(folder, data_dir):
    """Checkpoints as the hub has them, tiny and random, which the app then offers as if it had fetched them."""
    settings = Settings(data_dir=data_dir)
    for name, (write, family, kind, tasks, more) in PRETRAINED.items():
        keep_card(settings, write(folder / name), name, family, kind, tasks, **more)


def free_port():
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serve(own, folder=ROOT, **variables):
    """The address of `python app.py`, started as the README says, with the folder `own` for all that it writes.

    `folder` is the checkout whose app it is.

    With GRADIO_SERVER_PORT among the variables the next one may take the place of one that has ended.
    """
    port = variables.get("GRADIO_SERVER_PORT") or free_port()
    environment = os.environ | {
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(own / "gradio"),
        "AIGC_OUTPUTS_DIR": str(own / "outputs"),
        "AIGC_RUNS_DIR": str(own / "runs"),
        "AIGC_DATA_DIR": str(own / "data"),
        **variables,
    }
    with (own / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=folder, env=environment, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}/"
    try:
        wait_until_served(url, process, own / "log.txt")
        yield url
    finally:
        # a process that a script left in the background, and what it starts, hears no Ctrl-C
        deaf = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        process.send_signal(signal.SIGTERM if deaf else signal.SIGINT)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
    trouble = [line for line in (own / "log.txt").read_text().splitlines() if "Traceback" in line]
    assert not trouble, (own / "log.txt").read_text()[-4000:]


def wait_until_served(url, process, log):
    """Return once the page answers; fail with the server's own words if it ends first."""
    for _ in range(600):
        assert process.poll() is None, log.read_text()[-4000:]
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            try:
                process.wait(timeout=0.2)  # a pause that ends early when the server dies
            except subprocess.TimeoutExpired:
                continue
    pytest.fail("the server did not answer within two minutes")
