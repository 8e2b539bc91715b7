import gzip
import json
import struct
import zlib

import pytest

from aigc_demo.core.errors import InputError
from aigc_demo.data import austen, poems

QUATRAIN = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。"


def test_form_of_knows_the_four_shapes_only():
    assert poems.form_of(QUATRAIN) == "wujue"
    assert poems.form_of(QUATRAIN * 2) == "wulu"
    assert poems.form_of("月落烏啼霜滿天，江楓漁火對愁眠。" * 2) == "qijue"
    assert poems.form_of("月落烏啼霜滿天，江楓漁火對愁眠。" * 4) == "qilu"
    for wrong in (QUATRAIN[:12], QUATRAIN[:18] + "□" + QUATRAIN[19:], QUATRAIN + QUATRAIN[:12], QUATRAIN[1:]):
        assert poems.form_of(wrong) is None


def test_prepare_simplifies_deduplicates_and_drops(tmp_path):
    package = tmp_path / "package" / "dist" / "quantangshi"
    package.mkdir(parents=True)
    entries = [
        {"title": "登鸛雀樓（五首）", "paragraphs": [QUATRAIN[:12], QUATRAIN[12:]]},
        {"title": "又", "paragraphs": [QUATRAIN[:12], QUATRAIN[12:]]},
        {"title": "殘", "paragraphs": [QUATRAIN[:12]]},
    ]
    (package / "poet.tang.0.json").write_text(json.dumps(entries))
    other = QUATRAIN.replace("，", "？")
    (package / "poet.song.0.json").write_text(
        json.dumps([{"title": "問", "paragraphs": [other[::-1][1:] + "。"]}])
    )
    counts, digest = poems.prepare(tmp_path, tmp_path / "out")
    found = poems.read_poems(tmp_path / "out")
    assert counts == {"poems": len(found)} and len(digest) == 64
    first = found[0]
    assert (first.dynasty, first.form, first.title) == ("tang", "wujue", "登鹳雀楼")
    assert first.text == "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
    assert [poem.title for poem in found].count("又") == 0
    assert isinstance(first.held_out, bool)


def test_the_wrong_folder_is_a_sentence(tmp_path):
    with pytest.raises(InputError, match="chinese-poetry"):
        poems.prepare(tmp_path, tmp_path / "out")
    with pytest.raises(InputError, match="poems"):
        poems.read_poems(tmp_path)
    with pytest.raises(InputError, match="janeaustenr"):
        austen.prepare(tmp_path, tmp_path / "out")


class Writer:
    """The few types of R's serialisation that a data package uses, version 3."""

    header = b"X\n" + struct.pack(">iiii", 3, 0, 0, 5) + b"UTF-8"

    def chars(self, text: str | None) -> bytes:
        return (
            struct.pack(">ii", 9, -1)
            if text is None
            else struct.pack(">ii", 9, len(text.encode())) + text.encode()
        )

    def strings(self, texts: list[str | None]) -> bytes:
        return struct.pack(">ii", 16, len(texts)) + b"".join(map(self.chars, texts))

    def named_list(self, values: dict[str, list[int]]) -> bytes:
        items = b"".join(struct.pack(">iiii", 13, 2, *value) for value in values.values())
        names = (
            struct.pack(">ii", 0x402, 1)
            + self.chars("names")
            + self.strings(list(values))
            + struct.pack(">i", 254)
        )
        return struct.pack(">ii", 0x213, len(values)) + items + names


def test_r_lazy_data_is_read_without_r(tmp_path):
    writer = Writer()
    data = tmp_path / "x" / "janeaustenr" / "data"
    data.mkdir(parents=True)
    lines = [
        "TITLE",
        "",
        "CHAPTER I",
        "",
        "It is",
        "a truth.",
        "",
        "“Indeed!”",
        "",
        "CHAPTER II",
        "",
        "The end.",
    ]
    value = zlib.compress(writer.header + writer.strings(lines))
    (data / "Rdata.rdb").write_bytes(b"skip" + struct.pack(">i", 999) + value)
    variables = writer.named_list({"emma": [4, len(value) + 4]})
    index = struct.pack(">ii", 0x402, 1) + writer.chars("variables") + variables + struct.pack(">i", 254)
    (data / "Rdata.rdx").write_bytes(gzip.compress(writer.header + index))
    counts, _ = austen.prepare(tmp_path, tmp_path / "out")
    assert counts == {"chapters": 2}
    first, second = austen.read_chapters(tmp_path / "out")
    assert first.text == "CHAPTER I\n\nIt is a truth.\n\n“Indeed!”"
    assert (second.novel, second.text) == ("emma", "CHAPTER II\n\nThe end.")


def test_missing_strings_symbols_and_references():
    writer = Writer()
    assert austen.RData(writer.header + writer.strings(["a", None])).read() == ["a", None]
    with pytest.raises(InputError):
        austen.RData(b"RDX3").read()
    with pytest.raises(InputError):
        austen.RData(writer.header + struct.pack(">ii", 14, 0)).read()
