"""A run folder holds the old files or the new ones, never half of either, and only what fits is loaded."""

import json
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from aigc_demo.core import disk
from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import ROOT
from aigc_demo.models.checkpoints import (
    load_state,
    load_strictly,
    read_config,
    read_weights,
    save_state,
    save_weights,
    states,
    write_atomically,
    write_json,
)

# Writes whole files of one digit over and over: weights, and training state, which is one file.
WRITER = """
import itertools, sys, torch
from pathlib import Path
from aigc_demo.models.checkpoints import save_state, save_weights
folder = Path(sys.argv[1])
for step in itertools.count():
    values = torch.full((200_000,), float(step))
    save_weights(folder, {"w": values}, {"step": step})
    save_state(folder, {"step": step, "w": values})
    if step == 0:
        print("ready", flush=True)
"""


@pytest.mark.process
def test_a_kill_at_any_moment_leaves_whole_files(tmp_path):
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    for moment in range(40):  # a frozen process leaves on disk what a killed one would
        time.sleep(0.002 + 0.0007 * moment)
        process.send_signal(signal.SIGSTOP)
        check_whole(tmp_path)
        process.send_signal(signal.SIGCONT)
    process.kill()
    process.wait()
    check_whole(tmp_path)
    assert read_config(tmp_path)["step"] > 5


def check_whole(folder):
    weights = read_weights(folder)["w"]
    assert weights.unique().numel() == 1 and len(weights) == 200_000
    assert isinstance(read_config(folder)["step"], int)
    state = load_state(folder)
    assert (state["w"] == state["step"]).all()


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")
    monkeypatch.setattr(disk.os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"


def test_weights_go_round(tmp_path):
    tensors = {"a": torch.randn(3, 4).t(), "b": torch.arange(3), "c": torch.randn(2).half()}
    save_weights(tmp_path / "run", tensors, {"name": "数字"})
    found = read_weights(tmp_path / "run")
    assert all(
        torch.equal(found[name], tensors[name]) and found[name].dtype == tensors[name].dtype
        for name in tensors
    )
    assert read_config(tmp_path / "run") == {"name": "数字"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused_by_name(tmp_path, value):
    save_weights(tmp_path, {"good": torch.zeros(2)}, {})
    tensors = {"good": torch.zeros(2), "head.weight": torch.tensor([0.0, value])}
    with pytest.raises(FloatingPointError, match=r"head\.weight"):
        save_weights(tmp_path, tensors, {})
    assert set(read_weights(tmp_path)) == {"good"}  # what was there stays
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(InputError) as caught:
        read_weights(tmp_path)
    assert "head.weight" in caught.value.text.en and "head.weight" in caught.value.text.zh


@pytest.mark.parametrize("data", [b"", b"\x80\x04pickle", b"\xff" * 8, b"\x08\0\0\0\0\0\0\0{}      extra"])
def test_broken_weights_are_a_sentence(tmp_path, data):
    (tmp_path / "model.safetensors").write_bytes(data)
    with pytest.raises(InputError):
        read_weights(tmp_path)


def test_half_of_a_weights_file_is_a_sentence(tmp_path):
    save_file({"w": torch.randn(1000)}, tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    for length in (1, 7, 8, 50, len(whole) // 2, len(whole) - 1):
        (tmp_path / "model.safetensors").write_bytes(whole[:length])
        with pytest.raises(InputError):
            read_weights(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(InputError, match="missing"):
        read_weights(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", "\x00", "[" * 100_000])
def test_a_broken_config_is_a_sentence(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InputError, match=r"config\.json"):
        read_config(tmp_path)


def test_every_name_and_shape_must_fit():
    own = nn.Linear(3, 2)
    good = {
        "net.weight": torch.ones(2, 3).half(),
        "net.bias": torch.zeros(2).half(),
        "other.x": torch.ones(1),
    }
    load_strictly(own, good, "net.")
    assert own.weight.dtype == torch.float32 and (own.weight == 1).all()
    wrong = (
        {**good, "net.weight": torch.ones(3, 2)},
        {**good, "net.extra": torch.ones(1)},
        {name: tensor for name, tensor in good.items() if name != "net.bias"},
        {},
    )
    for tensors in wrong:
        with pytest.raises(InputError):
            load_strictly(own, tensors, "net.")


def test_state_goes_round_with_optimiser_and_random_generator(tmp_path):
    torch.manual_seed(0)
    network = nn.Linear(4, 4)
    shared = network.weight
    optimizer = torch.optim.Adam(
        [{"params": [network.weight], "lr": 0.1}, {"params": [network.bias]}], fused=True
    )
    network(torch.randn(2, 4)).square().sum().backward()
    optimizer.step()
    generator = torch.Generator().manual_seed(5)
    parts = {
        "step": 3,
        "seconds": 1.5,
        "none": None,
        "list": [1, "二", {"deep": shared}],
        "twice": {"a": shared, "b": shared},
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "random": generator.get_state(),
    }
    save_state(tmp_path, parts)
    found = load_state(tmp_path)
    assert same(found, parts)
    again = torch.optim.Adam(
        [{"params": [network.weight], "lr": 0.1}, {"params": [network.bias]}], fused=True
    )
    again.load_state_dict(found["optimizer"])
    assert same(again.state_dict(), optimizer.state_dict())


def same(found, wanted):
    """Equal in value, type of keys and dtype, tuples being lists after JSON."""
    if isinstance(wanted, torch.Tensor):
        return torch.equal(found, wanted) and found.dtype == wanted.dtype
    if isinstance(wanted, dict):
        return list(found) == list(wanted) and all(same(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list | tuple):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    return found == wanted and type(found) is type(wanted)


def test_a_later_state_replaces_the_earlier(tmp_path):
    for step in (1, 2):
        save_state(tmp_path, {"step": step, "w": torch.full((2,), step)})
    assert load_state(tmp_path)["step"] == 2
    names = [path.stem for path in states(tmp_path)]
    assert names == ["state-00000001", "state-00000002"]
    save_state(tmp_path, {"step": 3, "w": torch.zeros(2)})
    assert [path.stem for path in states(tmp_path)] == ["state-00000002", "state-00000003"]
    save_state(tmp_path, {"step": 2, "w": torch.zeros(2)})  # a run that went back
    assert [path.stem for path in states(tmp_path)] == ["state-00000002"]


def test_a_folder_without_state(tmp_path):
    assert load_state(tmp_path) is None


def test_nothing_but_json_and_safetensors_is_written(tmp_path):
    save_weights(tmp_path, {"w": torch.zeros(1)}, {})
    save_state(tmp_path, {"step": 0, "w": torch.zeros(1)})
    write_json(tmp_path / "x.json", {"a": "春"})
    for path in tmp_path.iterdir():
        if path.suffix == ".json":
            json.loads(path.read_text("utf-8"))
        else:
            load_file(path)
