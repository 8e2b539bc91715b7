"""Captions beside pictures, in tables, written later; and conversations."""

import json

import numpy as np
import pytest
from PIL import Image

from aigc_demo.core.errors import InputError
from aigc_demo.data.imports import (
    ImportRequest,
    import_files,
    preview,
    read_captions,
    read_manifest,
    write_captions,
)
from aigc_demo.data.imports.captions import read_beside, stem_of
from aigc_demo.data.imports.classes import Repeats, kohya_folders
from aigc_demo.data.imports.layouts import messages_of
from aigc_demo.data.imports.lines import BadLineError
from aigc_demo.data.imports.listing import list_source


@pytest.fixture(scope="module")
def cats(tmp_path_factory):
    """A data folder with a set of six captioned pictures."""
    source, data = tmp_path_factory.mktemp("cats"), tmp_path_factory.mktemp("data")
    random = np.random.default_rng(0)
    for i in range(6):
        Image.fromarray(random.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(source / f"cat{i}.png")
        (source / f"cat{i}.txt").write_text(f"a cat,\n number {i}\n")
    (source / "cat5.txt").unlink()
    (source / "dog.txt").write_text("nobody")
    (source / "captions.csv").write_text("file_name,text\ncat5.png,the last one\n")
    import_files(ImportRequest(name="cats", consent=True, side=256), [source], data)
    return data


def test_captions_come_with_their_pictures(cats):
    manifest, captions = read_manifest(cats / "cats"), read_captions("cats", cats)
    assert manifest.counts == {"train": 5, "test": 1, "captions": 6} and manifest.side == 256
    places = [file.name for split in ("train", "test") for file in manifest.files if file.split == split]
    said = {f"cat{i}.png": f"a cat, number {i}" for i in range(5)} | {"cat5.png": "the last one"}
    assert captions["train"] + captions["test"] == [said[name] for name in places]
    assert [refused.name for refused in manifest.refused] == ["dog.txt"]
    assert "6 captions" in manifest.title("en")


def test_captions_are_written_later_and_change_the_content(cats):
    before, captions = read_manifest(cats / "cats"), read_captions("cats", cats)
    captions["train"][0] = " mine\x00 \n own"
    assert write_captions("cats", cats, captions) == 6
    after = read_manifest(cats / "cats")
    assert read_captions("cats", cats)["train"][0] == "mine own" and after.sha256 != before.sha256
    write_captions("cats", cats, {split: [""] * len(part) for split, part in captions.items()})
    assert read_manifest(cats / "cats").sha256 == before.settings["pixels_sha256"]
    with pytest.raises(InputError, match="one line each"):
        write_captions("cats", cats, {"train": ["one"], "test": []})


def pictures_in(folder, names):
    """Pictures unlike one another, under these names."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(len(names))
    for name in names:
        Image.fromarray(random.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(folder / name)


def told_of(manifest, data):
    """The captions by their pictures' names."""
    captions = read_captions(manifest.name, data)
    places = [file.name for split in ("train", "test") for file in manifest.files if file.split == split]
    return dict(zip(places, captions["train"] + captions["test"], strict=True))


def test_folders_as_kohyas_trainer_has_them(tmp_path):
    dog = tmp_path / "kohya" / "10_sks dog"
    pictures_in(dog, [f"d{i}.png" for i in range(6)])
    (dog / "d0.caption").write_text("a dog, sitting")
    (dog / "d1.txt").write_text("a dog, running")
    (dog / "d1.caption").write_text("a dog, asleep")  # is taken before the other
    (dog / "d2.png.txt").write_text("a dog, wet")
    manifest = import_files(ImportRequest(name="dogs", consent=True), [tmp_path / "kohya"], tmp_path / "data")
    assert {item.folder for item in list_source(dog, 0)} == {dog.name}  # the folder itself, too
    told = {name.split("/")[-1]: text for name, text in told_of(manifest, tmp_path / "data").items()}
    assert manifest.refused == () and manifest.classes == ("all",)
    assert told == {f"d{i}.png": "sks dog" for i in range(3, 6)} | {
        "d0.png": "a dog, sitting",
        "d1.png": "a dog, asleep",
        "d2.png": "a dog, wet",
    }
    assert "10 times" in manifest.remarks[0].en and "sks dog" in manifest.remarks[0].zh


def test_numbers_before_folders_are_repeats_where_they_are_no_count():
    dog = {"10_sks dog": Repeats(10, "sks dog")}
    assert kohya_folders(["10_sks dog"] * 3) == dog
    assert kohya_folders(["10_sks dog", "3_cat"]) == {**dog, "3_cat": Repeats(3, "cat")}
    for counted in (
        ["1_cat", "2_dog"],
        ["0_cat", "1_dog", "2_eel"],
        ["10_sks dog", "others"],
        ["10_sks dog", ""],
        ["0_a"],
    ):
        assert kohya_folders(counted) == {}


LONG = "00001-12345-" + "a lighthouse at dusk, oil on canvas, " * 4


@pytest.mark.parametrize(
    ("table", "content"),
    [
        ("meta_cap.json", {LONG + ".png": {"caption": "said"}}),
        ("captions.json", {LONG: "said"}),
        ("metadata.json", [{"file_name": LONG + ".png", "text": "said"}]),
        ("metadata.jsonl", {"image": LONG + ".png", "caption": "said"}),
        (LONG + ".caption", "said"),
        (LONG + ".png.txt", "said"),
    ],
    ids=["kohya", "words", "list", "lines", "caption", "whole name"],
)
def test_captions_come_in_the_tables_of_others_and_under_long_names(table, content, tmp_path):
    (tmp_path / "set").mkdir()
    text = content if isinstance(content, str) else json.dumps(content)
    (tmp_path / "set" / table).write_text(text, "utf-8")
    (tmp_path / "set" / f"{LONG}.png").write_bytes(b"x")
    items = {item.path.suffix: item for item in list_source(tmp_path / "set", 0)}
    said = read_beside(next(item for suffix, item in items.items() if suffix != ".png"), tmp_path)
    assert said.captions == {stem_of(items[".png"].inner): "said"}


CHAT = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
ASKED = [
    CHAT,
    {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]},
    {"prompt": "q", "response": "a"},
    {"instruction": "q", "input": "", "output": "a"},
    {"question": "q", "answer": "a"},
    {"Question": "q", "Answer": "a"},
    {"prompt": [{"role": "user", "content": "q"}], "completion": [{"role": "assistant", "content": "a"}]},
    {"prompt": [{"role": "user", "content": "q"}], "completion": "a"},
    {"prompt": "q", "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]},
    {"prompt": "q", "messages": [{"role": "assistant", "content": "a"}]},
    {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "q"}]},
            {"role": "assistant", "content": ["a"]},
        ]
    },
    {"messages": '[{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]'},
    {"contents": [{"role": "user", "parts": [{"text": "q"}]}, {"role": "model", "parts": [{"text": "a"}]}]},
    {"conversation": [{"system": "", "input": "q", "output": "a"}]},
    {"dialogue": ["q", "a"]},
    {"query": "q", "response": "a", "history": [], "system": None},
    [{"role": "User", "content": "q"}, {"role": "Chatbot", "content": "a"}],
]


@pytest.mark.parametrize("entry", ASKED, ids=str)
def test_conversations_of_every_form_are_made_alike(entry):
    assert messages_of(entry) == CHAT["messages"]


@pytest.mark.parametrize(
    "entry",
    [
        {"instruction": "q", "output": "a", "system": "s", "history": [["q0", "a0"]]},
        {"conversations": [{"from": "human", "value": "q0"}, {"from": "gpt", "value": "a0"}, {"from": "human", "value": "q"},
                           {"from": "gpt", "value": "a"}], "system": "s"},
        {"messages": [{"role": "developer", "content": "s"}, {"role": "user", "content": "q0"}, {"role": "assistant", "content": "a0"},
                      {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]},
        {"system_prompt": "s", "question": "q", "response": "a",
         "history": [{"role": "user", "content": "q0"}, {"role": "assistant", "content": "a0"}]},
        {"conversation": [{"system": "s", "input": "q0", "output": "a0"}, {"input": "q", "output": "a"}]},
        {"systemInstruction": {"parts": [{"text": "s"}]}, "contents": [{"role": role, "parts": [{"text": said}]} for role, said in
                                                                      (("user", "q0"), ("model", "a0"), ("user", "q"), ("model", "a"))]},
    ],
    ids=str,
)  # fmt: skip
def test_earlier_turns_and_the_system_are_kept(entry):
    assert [turn["content"] for turn in messages_of(entry)] == ["s", "q0", "a0", "q", "a"]
    assert [turn["role"] for turn in messages_of(entry)] == ["system", *("user", "assistant") * 2]


def test_what_a_question_is_about_is_part_of_it_and_a_last_question_is_kept():
    assert messages_of({"instruction": "q", "context": "c", "response": "a"})[0]["content"] == "q\nc"
    thanks = {"role": "user", "content": "thanks"}
    assert messages_of({"messages": [*CHAT["messages"], thanks]})[-1] == thanks


@pytest.mark.parametrize(
    "entry",
    [
        [],
        {"messages": []},
        {"messages": [1]},
        {"messages": [{"role": "root", "content": "x"}]},
        {"messages": CHAT["messages"][:1]},
        {"messages": CHAT["messages"][::-1]},
        {"prompt": "q", "response": 3},
        {"prompt": "q", "response": " "},
        {"messages": CHAT["messages"] * 80},
    ],
    ids=str,
)
def test_what_is_no_conversation_is_refused(entry):
    with pytest.raises(BadLineError):
        messages_of(entry)


def test_conversations_are_imported_and_split(tmp_path):
    lines = [json.dumps({"prompt": f"Frage {i}", "response": "好的，没问题。"}) for i in range(10)]
    (tmp_path / "service.jsonl").write_text("\n".join([*lines, lines[0], "{bad"]), "utf-8")
    manifest = import_files(
        ImportRequest(name="service", consent=True), [tmp_path / "service.jsonl"], tmp_path / "data"
    )
    assert (manifest.kind, manifest.counts["train"], manifest.counts["test"]) == ("chat", 9, 1)
    assert manifest.title("zh") == "service · 10 段对话" and "line 12" in manifest.refused[0].en
    rows = [
        json.loads(line) for line in (tmp_path / "data/service/chats.jsonl").read_text("utf-8").splitlines()
    ]
    assert sum(row["held_out"] for row in rows) == 1 and rows[0]["messages"][1]["content"] == "好的，没问题。"
    assert preview(manifest, tmp_path / "data").texts[0] == "Frage 0\n→ 好的，没问题。"
