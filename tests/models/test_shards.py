"""Weights in several files are the same model; an index that names something else is refused."""

import json
import shutil

import pytest
import torch

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import ROOT
from aigc_demo.models.cards import find_cards, read_card
from aigc_demo.models.checkpoints import read_weights
from aigc_demo.models.shards import INDEX, WHOLE, grouped, shard_files, split

MODEL = ROOT / "weights" / "gan-digits"


@pytest.fixture
def folder(tmp_path):
    """The files of a shipped model, in one file of weights."""
    return shutil.copytree(MODEL, tmp_path / "gan-digits")


def test_the_parts_hold_the_same_numbers(folder):
    whole, hash_before = read_weights(folder), read_card(folder, "gan-digits").weights_hash()
    parts = split(folder, most=200_000)
    assert len(parts) > 2 and all(path.stat().st_size < 450_000 for path in parts)
    assert not (folder / WHOLE).exists() and shard_files(folder) == parts
    together = read_weights(folder)
    assert together.keys() == whole.keys()
    assert all(torch.equal(together[name], whole[name]) for name in whole)
    [card] = find_cards(folder.parent)
    in_parts = card.weights_hash()
    assert len(in_parts) == 16 and in_parts != hash_before
    last = parts[-1].read_bytes()
    parts[-1].write_bytes(last[:-1] + bytes([last[-1] ^ 1]))
    shutil.copytree(folder, folder.with_name("other"))
    assert read_card(folder.with_name("other"), "other").weights_hash() != in_parts


def test_groups_are_filled_in_order_and_a_large_one_stands_alone():
    assert grouped({"a": 3, "b": 4, "c": 9, "d": 1}, 7) == [["a", "b"], ["c"], ["d"]]


@pytest.mark.parametrize(
    "index",
    [
        '{"weight_map": {"a": "../gan-digits/model-00001-of-00002.safetensors"}}',
        '{"weight_map": {"a": "/etc/passwd"}}',
        '{"weight_map": {"a": 5}}',
        '{"weight_map": {}}',
        '{"weight_map": ["a"]}',
        "[]",
        "{",
        "{}",
    ],
)
def test_an_index_that_names_no_files_of_the_folder_is_refused(folder, index):
    split(folder)
    (folder / INDEX).write_text(index, encoding="utf-8")
    with pytest.raises(InputError, match=r"model\.safetensors is missing or broken"):
        read_weights(folder)


def test_a_part_that_is_missing_is_told(folder):
    first = split(folder, most=200_000)[0]
    first.unlink()
    with pytest.raises(InputError, match="fetch the weights again"):
        read_weights(folder)


def test_shipped_weights_in_parts_name_every_file_they_have():
    for index in (ROOT / "weights").glob(f"*/{INDEX}"):
        named = {path.name for path in shard_files(index.parent)}
        assert named == {path.name for path in index.parent.glob("*.safetensors")}
        total = sum(tensor.nbytes for tensor in read_weights(index.parent).values())
        assert json.loads(index.read_text())["metadata"]["total_size"] == total
