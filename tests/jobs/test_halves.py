"""The two halves of what is held out: together the whole, apart nothing in common, training untouched."""

import json

import pytest
import torch

from aigc_demo.data import images
from aigc_demo.data.poems import Poem, read_poems
from aigc_demo.jobs.halves import TEST, VALIDATION, passages, write_half
from aigc_demo.language.texts import read_texts
from tests.few_digits import write_few


@pytest.fixture
def halved(tmp_path):
    """Both halves of a prepared folder or file."""
    return lambda data: [
        write_half(data, tmp_path / str(half) / data.name, half) for half in (VALIDATION, TEST)
    ]


def test_pictures_are_halved_within_their_class_with_their_captions(tmp_path, halved):
    whole = write_few(tmp_path / "few")
    before = images.load(whole)
    labels = before["test_labels"].tolist()
    (whole / "captions.json").write_text(
        json.dumps({"train": ["a"] * 64, "test": [str(i) for i in range(16)]})
    )
    first, second = (images.load(folder) for folder in halved(whole))
    for half in (first, second):
        assert (
            torch.equal(half["train_images"], before["train_images"]) and half["classes"] == before["classes"]
        )
    for label in set(labels):
        counts = [(half["test_labels"] == label).sum().item() for half in (first, second)]
        assert sum(counts) == labels.count(label) and counts[0] - counts[1] in (0, 1)
    captions = [json.loads((tmp_path / str(half) / "few" / "captions.json").read_text()) for half in (0, 1)]
    assert sorted(captions[0]["test"] + captions[1]["test"], key=int) == [str(i) for i in range(16)]
    for half, said in zip((first, second), captions, strict=True):
        assert torch.equal(half["test_images"], before["test_images"][[int(place) for place in said["test"]]])


def test_poems_keep_their_own_rule_of_what_is_held_out(tmp_path, halved):
    lines = [
        "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。",
        "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。",
    ]
    poems = [
        Poem("tang", "wujue", f"题{i}", line[:-2] + chr(0x4E00 + i) + "。")
        for i in range(300)
        for line in lines
    ]
    folder = tmp_path / "poems"
    folder.mkdir()
    (folder / "poems.jsonl").write_text(
        "".join(json.dumps(vars(p), ensure_ascii=False) + "\n" for p in poems), "utf-8"
    )
    held_out = {poem.text for poem in poems if poem.held_out}
    parts = [read_poems(half) for half in halved(folder)]
    found = [{poem.text for poem in part if poem.held_out} for part in parts]
    assert len(held_out) > 4 and found[0] | found[1] == held_out and not found[0] & found[1]
    assert abs(len(found[0]) - len(found[1])) <= 1
    assert all(sum(not poem.held_out for poem in part) == 600 - len(held_out) for part in parts)


def test_a_text_is_halved_by_passages_of_whole_sentences(tmp_path, halved):
    story = tmp_path / "story.txt"
    story.write_text(" ".join(f"This is sentence {i} of the tale." for i in range(2000)), "utf-8")
    whole = read_texts(story)
    first, second = (read_texts(half) for half in halved(story))
    assert first.train == second.train == whole.train
    parts = passages(whole.held_out)
    assert "".join(parts) == whole.held_out[0] and len(parts) > 10
    assert first.held_out == parts[::2] and second.held_out == parts[1::2]
    assert all(part.rstrip()[-1] == "." for part in parts)


def test_rows_that_say_that_they_are_held_out_go_by_turns(tmp_path, halved):
    folder = tmp_path / "pairs"
    folder.mkdir()
    rows = [{"source": str(i), "held_out": i % 3 == 0} for i in range(30)]
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    parts = [
        [json.loads(line) for line in (half / "pairs.jsonl").read_text().splitlines()]
        for half in halved(folder)
    ]
    held_out = [[int(row["source"]) for row in part if row["held_out"]] for part in parts]
    assert held_out == [[0, 6, 12, 18, 24], [3, 9, 15, 21, 27]]
    assert all(sum(not row["held_out"] for row in part) == 20 for part in parts)


def test_pictures_drawn_without_end_are_halved_too():
    from types import SimpleNamespace

    from aigc_demo.data.material import Captioned, EveryOther

    def held_out(count):
        return Captioned(torch.arange(count).view(-1, 1, 1, 1), [str(i) for i in range(count)])

    endless = SimpleNamespace(
        side=1, words=[], phrases=None, ground=None, draw=None, seen=None, held_out=held_out
    )
    first, second = (EveryOther(endless, half).held_out(4) for half in (0, 1))
    assert first.captions == ["0", "1", "4", "5"] and second.captions == ["2", "3", "6", "7"]
    assert first.pictures.flatten().tolist() == [0, 1, 4, 5]
