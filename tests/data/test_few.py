"""Twenty digits out of many."""

import struct

import torch

from aigc_demo.data import catalogue, few, images


def write_idx(path, array):
    header = b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(header + array.numpy().tobytes())


def test_two_of_each_digit_are_taken_and_their_labels_left_behind(tmp_path):
    for split, count in (("train", 70), ("t10k", 30)):
        labels = (torch.arange(count) % 10).byte()
        pictures = labels[:, None, None].expand(-1, 28, 28).contiguous()
        write_idx(tmp_path / f"{split}-labels-idx1-ubyte", labels)
        write_idx(tmp_path / f"{split}-images-idx3-ubyte", pictures)
    out = tmp_path / "out"
    counts, sha256 = few.prepare(tmp_path, out)
    (out / "source.json").write_text('{"classes": {"en": ["all"], "zh": ["全部"]}}', "utf-8")
    arrays = images.load(out)
    assert counts == {"train": 20, "test": 30}
    assert len(sha256) == 64
    assert arrays["train_images"][:, 0, 0].bincount().tolist() == [2] * 10
    assert arrays["train_labels"].tolist() == [0] * 20
    assert catalogue()["few-digits"].classes == arrays["classes"]
