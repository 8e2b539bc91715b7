"""What a text file is, by its content and not by its name: prose, subtitles, tables, JSON; and what is in it."""

import json

import pytest

from aigc_demo.core.errors import InputError
from aigc_demo.data.imports import ImportRequest, import_files
from aigc_demo.data.imports.layouts import messages_of
from aigc_demo.data.imports.lines import BadLineError, Refusals
from aigc_demo.data.imports.text_files import look_into

PAIRS = [
    (f"How many legs have {n} cats?", f"{n} cats have {4 * n} legs, for one has 4.") for n in range(2, 14)
]
ALPACA = [{"instruction": asked, "input": "", "output": answered} for asked, answered in PAIRS]


def entries(tmp_path, name, data):
    """(shape, entries, reasons) of a file."""
    (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    file, refusals = look_into(tmp_path / name, name), Refusals(name)
    found = [entry for _, entry in file.entries(refusals)]
    return file.shape, found, [reason.en for reason in refusals.told()]


def pairs(found):
    return [tuple(turn["content"] for turn in messages_of(entry)) for entry in found]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["faq.csv", "faq.tsv", "faq.txt", "faq"])
def test_the_sign_between_cells_is_found_whatever_the_file_is_called(sign, name, tmp_path):
    rows = [f'"{asked}"{sign}"{answered}"' for asked, answered in PAIRS]
    shape, found, reasons = entries(tmp_path, name, "\n".join([f"Prompt{sign}Response", *rows]))
    assert (shape, pairs(found), reasons) == ("table", PAIRS, [])


@pytest.mark.parametrize(
    "head, line, end",
    [
        ("prompt;response", "{};{}", "\r\n"),
        ("sep=;\nprompt;response", "{};{}", "\n"),
        ("prompt\tresponse", "{}\t{}", "\r"),
        ('"prompt";"response";""', "{};{};", "\n"),
        ("id;question;answer", "1;{};{}", "\n"),
        ("问题;答案", "{};{}", "\n"),
    ],
    ids=str,
)
def test_tables_as_other_programs_write_them(head, line, end, tmp_path):
    rows = [line.format(*pair) for pair in PAIRS]
    assert pairs(entries(tmp_path, "faq.csv", end.join([head, *rows]))[1]) == PAIRS


def test_a_row_that_does_not_fit_is_refused_and_not_cut(tmp_path):
    rows = ['a?,"b, c"', "d?,e, f", 'g?,"h" i', "j?,k", "l?,m\rn", "o?,p"]
    _, found, reasons = entries(tmp_path, "faq.csv", "\n".join(["prompt,response", *rows]))
    assert pairs(found) == [("a?", "b, c"), ("j?", "k"), ("o?", "p")]
    assert [reason.split(":")[0] for reason in reasons] == [f"faq.csv, line {n}" for n in (3, 4, 6, 7)]
    assert (
        "3 cells under 2 titles" in reasons[0]
        and "quotation mark" in reasons[1]
        and "line break" in reasons[2]
    )


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.txt", "a.csv", "a"])
@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ALPACA),
        json.dumps(ALPACA, indent=2),
        "\n\n".join(map(json.dumps, ALPACA)),
        "\n".join(json.dumps(entry, indent=1) for entry in ALPACA),
        json.dumps({"version": 1, "data": ALPACA}),
        json.dumps({"train": ALPACA[:5], "test": ALPACA[5:]}, indent=1),
        json.dumps({str(n): entry for n, entry in enumerate(ALPACA)}),
        "[\n" + ",\n".join(map(json.dumps, ALPACA)) + "\n]\n",
    ],
    ids=["list", "indented", "lines", "one by one", "wrapped", "splits", "by number", "list of lines"],
)
def test_json_of_every_layout(name, text, tmp_path):
    shape, found, reasons = entries(tmp_path, name, text)
    assert (shape, pairs(found), reasons) == ("json", PAIRS, [])


def test_a_long_list_on_one_line_and_one_that_is_cut(tmp_path):
    many = ALPACA * 200
    assert len(entries(tmp_path, "a.json", json.dumps(many))[1]) == len(many)
    _, found, reasons = entries(tmp_path, "a.json", json.dumps(ALPACA, indent=1)[:-40])
    assert pairs(found) == PAIRS[:-1] and "line 57: from here on it is no JSON" in reasons[0]
    one = [{"role": "user", "content": "a?"}, {"role": "assistant", "content": "b."}]
    assert pairs(entries(tmp_path, "a.json", json.dumps(one, indent=1))[1]) == [("a?", "b.")]


@pytest.mark.parametrize(
    "data",
    [
        "1\n00:00:01,000 --> 00:00:02,000\n<i>Hello</i>\nthere.\n\n2\n00:00:03,000 --> 00:00:04,000\n7 cats.\n",
        "WEBVTT\n\nintro\n00:01.000 --> 00:02.000 align:start\nHello\nthere.\n\n00:03.000 --> 00:04.000\n7 cats.\n",
    ],
    ids=["srt", "vtt"],
)
def test_of_subtitles_what_is_said_is_read(data, tmp_path):
    assert entries(tmp_path, "film", data)[:2] == ("subtitles", ["Hello\nthere.\n7 cats.\n"])
    assert entries(tmp_path, "film.txt", data.replace("\n", "\r\n"))[1] == ["Hello\r\nthere.\r\n7 cats.\r\n"]


def test_prose_stays_prose(tmp_path):
    for text in (
        "Text, and more, of it;\nanother line, with commas\n",
        "[Verse 1]\nOh\n",
        "{braces} first\n",
        "<b>\n",
    ):
        assert entries(tmp_path, "novel", text)[:2] == ("prose", [text])
    assert entries(tmp_path, "page.md", "<p>words</p>\n")[0] == "prose"
    with pytest.raises(InputError, match="markup"):
        entries(tmp_path, "page.html", "<!doctype html><p>words</p>\n")


@pytest.mark.parametrize(
    "entry, reason",
    [
        ({"messages": [{"role": "user", "content": "a"}, {"role": "tool", "content": "4"}]}, 'message 2 has the role "tool"'),
        ({"conversations": [{"from": "human", "value": "a"}, {"from": "observation", "value": "4"}]}, '"observation"'),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": [1]}]}, "message 2 of the assistant calls a tool"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}, {"role": "assistant", "content": "b"}]}, "message 1 holds image_url"),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}, "message 2 is of the user"),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 0}]}, "weight 0"),
        ({"instruction": "a", "output": ""}, r"its answer \(output\) is empty"),
        ({"question": " ", "answer": "b"}, r"its question \(question\) is empty"),
        ({"prompt": "a", "chosen": "b", "rejected": "c"}, "a choice between two answers"),
        ({"prompt": "a", "completion": "b", "label": False}, "labelled as a bad one"),
        ({"question": "a", "answer": "b", "response": "c"}, "several answers"),
        ({"prompt": "x", "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}, "not among its messages"),
        ({"id": 1, "title": "b"}, r"\(it has: id, title\)"),
    ],
    ids=str,
)  # fmt: skip
def test_a_conversation_that_cannot_be_learnt_from_is_refused_with_its_true_reason(entry, reason):
    with pytest.raises(BadLineError, match=reason) as caught:
        messages_of(entry)
    assert any("\u4e00" <= char <= "\u9fff" for char in caught.value.text.zh)


def test_an_import_says_how_it_read(tmp_path):
    table = "问题;答案\n" + "".join(
        f"{n}只猫有几条腿？;{n}只猫有{4 * n}条腿，因为一只有四条\n" for n in range(2, 14)
    )
    (tmp_path / "faq.csv").write_bytes(table.encode("gb18030"))
    manifest = import_files(
        ImportRequest(name="faq", consent=True), [tmp_path / "faq.csv"], tmp_path / "data"
    )
    assert (manifest.kind, manifest.counts["train"] + manifest.counts["test"], manifest.refused) == (
        "chat",
        12,
        (),
    )
    assert [remark.name for remark in manifest.remarks] == ["faq.csv"] * 2
    assert "GB18030" in manifest.remarks[0].zh and "分号" in manifest.remarks[1].zh
    (tmp_path / "tools.json").write_text(json.dumps([{"messages": [{"role": "tool", "content": "4"}]}] * 9))
    with pytest.raises(InputError, match=r'no conversation \(line 1: message 1 has the role "tool"'):
        import_files(ImportRequest(name="faq", consent=True), [tmp_path / "tools.json"], tmp_path / "data")
