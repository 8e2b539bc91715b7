"""Pairs of one's own: two columns of a table, two fields of JSON, or a tab between two texts."""

import json

import pytest

from aigc_demo.core.errors import InputError
from aigc_demo.data.imports import ImportRequest, import_files, read_manifest
from aigc_demo.data.imports.preview import preview
from aigc_demo.data.pairs import read_pairs

LINES = [(f"明月松间照{n}", f"清泉石上流{n}") for n in range(40)]


def brought(tmp_path, name, text, **settings):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    import_files(ImportRequest(name="mine", consent=True, **settings), [path], tmp_path / "data")
    return tmp_path / "data" / "mine"


@pytest.mark.second
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("couplets.txt", "\n".join("\t".join(pair) for pair in LINES)),
        ("couplets.tsv", "\n".join("\t".join(pair) for pair in LINES)),
        ("couplets.csv", "上联,下联\n" + "\n".join(",".join(pair) for pair in LINES)),
        ("couplets.jsonl", "\n".join(json.dumps({"source": a, "target": b}) for a, b in LINES)),
    ],
)
def test_every_way_to_write_pairs_is_found_and_split(name, text, tmp_path):
    folder = brought(tmp_path, name, text)
    manifest, pairs = read_manifest(folder), read_pairs(folder)
    assert manifest.kind == "pairs" and manifest.reads == "pairs" and "40 pairs" in manifest.title("en")
    assert {(pair.source, pair.target) for pair in pairs} == set(LINES)
    held_out = sum(pair.held_out for pair in pairs)
    assert 0 < held_out == manifest.counts["test"] and manifest.counts["train"] == 40 - held_out
    assert "→" in preview(manifest, tmp_path / "data").texts[0]


@pytest.mark.second
def test_bad_lines_are_named_and_equal_pairs_count_once(tmp_path):
    text = "\n".join("\t".join(pair) for pair in [*LINES, LINES[0]]) + "\nno answer\t\n"
    folder = brought(tmp_path, "couplets.txt", text, kind="pairs")
    assert len(read_pairs(folder)) == 40
    assert any("missing" in refused.en for refused in read_manifest(folder).refused)


@pytest.mark.second
@pytest.mark.parametrize(
    ("text", "why"), [("one\ttwo\n" * 3, "only 1 pairs"), ("no pairs at all\n" * 50, "no pairs")]
)
def test_too_few_pairs_are_refused(text, why, tmp_path):
    with pytest.raises(InputError, match=why):
        brought(tmp_path, "some.txt", text, kind="pairs")
