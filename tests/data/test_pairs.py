"""Pairs: what is written is read again, and what cannot be read is said."""

import pytest

from aigc_demo.core.errors import InputError
from aigc_demo.data.pairs import Pair, read_pairs, write_pairs


def test_what_is_written_is_read_and_counted(tmp_path):
    pairs = [Pair("明月", "清泉", origin="tang"), Pair("a b", "甲", held_out=True)]
    counts, digest = write_pairs(tmp_path, pairs)
    assert read_pairs(tmp_path) == pairs and counts == {"train": 1, "test": 1}
    assert write_pairs(tmp_path, pairs) == (counts, digest)


@pytest.mark.parametrize("text", ["", "no json", '{"source": "a"}', '{"target": 1, "other": 2}'])
def test_a_file_without_pairs_is_refused_with_the_way_out(text, tmp_path):
    if text:
        (tmp_path / "pairs.jsonl").write_text(text)
    with pytest.raises(InputError, match="couplets, titles, en-zh"):
        read_pairs(tmp_path)
