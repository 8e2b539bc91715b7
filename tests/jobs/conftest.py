"""Tiny data for each family, and trainers: processes forked from one that has torch loaded, so that a hundred
of them can be started and killed in the time that one import takes."""

import json
import multiprocessing
import os
import socket
import time

import pytest
import torch
from safetensors.torch import save_file

from aigc_demo.core.settings import Settings
from aigc_demo.jobs import Jobs, TrainRequest

PATIENCE = 600.0  # seconds that anything may take on a busy machine before a test gives up
FAMILIES = ("gan", "vae", "transformer", "diffusion", "dalle")
# what takes long
ONE_FAMILY = ["gan", *(pytest.param(name, marks=pytest.mark.slow) for name in FAMILIES[1:])]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """Folders of prepared data: noisy discs of two sizes, and short documents."""
    pictures = tmp_path_factory.mktemp("discs")
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(48) % 2
    rows = torch.arange(28) - 13.5
    radius = 5 + 4 * labels[:, None, None] + torch.rand(48, 1, 1, generator=generator)
    discs = ((rows[:, None] ** 2 + rows**2).sqrt() < radius) * 255
    arrays = {
        "train_images": discs[:40],
        "train_labels": labels[:40],
        "test_images": discs[40:],
        "test_labels": labels[40:],
    }
    save_file(
        {name: part.byte().contiguous() for name, part in arrays.items()}, pictures / "images.safetensors"
    )
    names = {"en": ["small", "large"], "zh": ["小", "大"]}
    (pictures / "source.json").write_text(json.dumps({"name": "discs", "classes": names}))
    texts = tmp_path_factory.mktemp("texts")
    words = [
        "the",
        "cat",
        "sat",
        "on",
        "the",
        "mat",
        "and",
        "saw",
        "a",
        "dog",
        "run",
        "by",
        "the",
        "old",
        "red",
        "barn",
    ]
    lines = [" ".join(words[(i * k) % len(words)] for k in range(1, 14)) + "." for i in range(1, 41)]
    documents = [{"text": line, "held_out": index % 8 == 0} for index, line in enumerate(lines)]
    (texts / "texts.jsonl").write_text("\n".join(map(json.dumps, documents)))
    (texts / "source.json").write_text(json.dumps({"name": "texts", "language": "en"}))
    return {**dict.fromkeys(("gan", "vae", "diffusion", "dalle"), pictures), "transformer": texts}


@pytest.fixture
def settings(tmp_path):
    """Settings whose folders are the test's own."""
    folders = {name: tmp_path / name for name in ("runs_dir", "data_dir", "weights_dir", "outputs_dir")}
    return Settings(**folders, device="cpu", offline=True)


@pytest.fixture
def jobs(settings):
    return Jobs(settings)


@pytest.fixture
def ask(prepared):
    """A request of a few seconds."""

    def make(family="vae", name="mine", **fields):
        small = {"steps": 12, "save_every": 4, "batch_size": 8, "seed": 7, **fields}
        return TrainRequest(family=family, data=str(prepared[family]), name=name, **small)

    return make


def wait_until(true, what="it"):
    """Wait for something that must come."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.02)


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="session")
def forks():
    """Forks trainers; torch and the families are loaded there once."""
    os.environ["OMP_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.jobs.trainer"])
    return context


@pytest.fixture
def start(forks, settings):
    """Train a request in a process of its own, in the foreground; killed at the end of the test if need be."""
    from tests.jobs.trainer import train

    running = []

    def begin(request, environment=None, settings=settings):
        process = forks.Process(target=train, args=(settings, request, environment or {}))
        process.start()
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.join()


@pytest.fixture
def kill_jobs(jobs):
    """End what a test has left running in the background, which is known by its lease and by job.json alone."""
    yield
    for job in jobs.list():
        if job.active:
            jobs.stop(job.name)
    wait_until(lambda: not any(job.active for job in jobs.list()), "the end of all jobs")
