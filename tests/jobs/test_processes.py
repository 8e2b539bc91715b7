"""Several processes, as torchrun and accelerate launch start them, against one with the doubled batch."""

import os
import subprocess
import sys

import pytest

from aigc_demo.core.settings import ROOT
from aigc_demo.models.run_folder import RunFolder
from tests.jobs.conftest import ONE_FAMILY, free_port, wait_until


def ranks(count):
    """The environments that torchrun gives to `count` processes of one machine."""
    port = free_port()
    shared = {"WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return [
        {name: str(value) for name, value in {**shared, "RANK": rank, "LOCAL_RANK": rank}.items()}
        for rank in range(count)
    ]


def end(processes):
    for process in processes:
        process.join(300)  # processes that wait for each other do so for ever
        assert process.exitcode == 0


def losses(jobs, name):
    return {line["step"]: line["loss"] for line in RunFolder(jobs.runs_dir / name).log()}


def check_alike(jobs):
    two, one = losses(jobs, "two"), losses(jobs, "one")
    assert two.keys() == one.keys() and len(one) > 10
    assert all(abs(two[step] - one[step]) <= 0.01 * abs(one[step]) for step in one)


@pytest.mark.parametrize("family", ONE_FAMILY)
def test_two_processes_equal_one_with_the_doubled_batch(jobs, start, ask, family):
    # at a rate at which neither the players' game nor the rounding of codes blows errors up within these steps
    fields = {"steps": 40, "learning_rate": 1e-4 if family in ("gan", "dalle") else 0.0}
    one, two = ask(family, "one", batch_size=16, **fields), ask(family, "two", batch_size=8, **fields)
    start(one).join()
    processes = [start(two, rank) for rank in ranks(2)]
    wait_until(lambda: any(job.name == "two" and job.step > 2 for job in jobs.list()), "training")
    jobs.stop("two")
    end(processes)
    assert jobs.get("two").state == "stopped" and jobs.get("two").step < 40
    end([start(two, rank) for rank in ranks(2)])
    assert jobs.get("two").state == "done"
    check_alike(jobs)


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["torchrun", "accelerate"])
def test_the_documented_commands(jobs, ask, settings, launcher):
    launch = {  # torchrun would take --start for an option of its own, but for the two dashes
        "torchrun": ["torch.distributed.run", "--nproc_per_node", "2", "--master_port", str(free_port()), "-m", "--"],
        "accelerate": ["accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1",
                       "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", str(free_port()), "-m"],
    }[launcher]  # fmt: skip
    run(launch, ask("vae", "two", batch_size=8), settings)
    run([], ask("vae", "one", batch_size=16), settings)
    check_alike(jobs)


def run(before, request, settings):
    words = [f"--{name.replace('_', '-')}={value}" for name, value in request.model_dump().items()]
    folders = [f"--{name.replace('_', '-')}={getattr(settings, name)}" for name in ("runs_dir", "data_dir")]
    subprocess.run(
        [sys.executable, "-m", *before, "aigc_demo", "train", *words, *folders, "--device", "cpu"],
        check=True,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
