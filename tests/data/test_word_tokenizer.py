"""Words of either language as numbers."""

import pytest

from aigc_demo.data.word_tokenizer import NONE, PAD, WordTokenizer, split, vocabulary


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("An elf, in a RED robe!", ["an", "elf", "in", "a", "red", "robe"]),
        ("一个穿红袍的兽人", list("一个穿红袍的兽人")),
        ("monk's Robe — 僧袍 2", ["monks", "robe", "僧", "袍", "2"]),
        ("ｅｌｆ　é", ["elf", "é"]),
        ("，。!", []),
    ],
)
def test_split(text, words):
    assert split(text) == words


def test_a_row_of_numbers_has_its_length_and_leaves_out_what_it_does_not_know():
    tokenizer = WordTokenizer(vocabulary(["a red robe", "红袍"]))
    row = tokenizer.encode("a red banana", 5)
    assert len(row) == 5 and row[2:] == [PAD] * 3
    assert [tokenizer.words[number - 2] for number in row[:2]] == ["a", "red"]
    assert tokenizer.encode("", 3) == [NONE, PAD, PAD]
    assert len(tokenizer.encode("红袍" * 9, 4)) == 4
    assert max(tokenizer.encode("a red robe 红袍", 8)) == len(tokenizer) - 1


def test_unknown_words_are_named_once_and_chinese_ones_in_runs():
    tokenizer = WordTokenizer(vocabulary(["an elf 红袍"]))
    assert tokenizer.unknown("An elf on a big big bus") == ["on", "a", "big", "bus"]
    assert tokenizer.unknown("骑自行车的红袍精灵") == ["骑自行车的", "精灵"]
    assert tokenizer.unknown("an elf, 红袍") == []


def test_words_come_back_from_their_file(tmp_path):
    WordTokenizer(["elf", "袍"]).save(tmp_path)
    assert WordTokenizer.load(tmp_path).words == ["elf", "袍"]
