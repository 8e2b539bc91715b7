import pytest

from aigc_demo.core.errors import InputError
from aigc_demo.language.tokenizer import Pieces, build_bytes, build_characters, load_tokenizer, save_tokenizer

POEM = "白日依山尽，黄河入海流。"
PROSE = "She was happy; he was not. " * 20


@pytest.fixture(scope="module")
def characters():
    return build_characters([POEM], 40, ["<wujue>"])


@pytest.fixture(scope="module")
def pieces():
    return build_bytes([PROSE], 280)


def test_characters_round_trip_and_controls_are_one_token(characters):
    encoding = characters.encode(f"<wujue>黄河<sep>{POEM}</s>")
    assert encoding.tokens[:5] == ["<s>", "<wujue>", "黄", "河", "<sep>"]
    assert encoding.tokens[-1] == "</s>"
    assert characters.decode(encoding.ids) == "黄河" + POEM
    assert characters.encode("猫", add_special_tokens=False).tokens == ["<unk>"]


def test_a_vocabulary_of_given_size_keeps_the_most_frequent():
    tokenizer = build_characters(["甲甲甲乙乙丙"], 6, [])
    assert tokenizer.get_vocab_size() == 6
    assert tokenizer.token_to_id("乙") == 5 and tokenizer.token_to_id("丙") is None


@pytest.mark.parametrize("text", ["She was not.", "春眠不觉晓", "naïve 🙂 👩‍👩‍👧", " \n\ttabs", "\x00\x7f"])
def test_bytes_write_any_text(pieces, text):
    ids = pieces.encode(text, add_special_tokens=False).ids
    assert pieces.decode(ids) == text
    write = Pieces(pieces).writer()
    assert "".join(map(write, ids)) == text


def test_a_writer_holds_back_half_a_character(pieces):
    ids = pieces.encode("🙂", add_special_tokens=False).ids
    write = Pieces(pieces).writer()
    assert [write(token) for token in ids] == ["", "", "", "🙂"]


def test_transformers_reads_both(tmp_path, characters, pieces):
    from transformers import AutoTokenizer

    for name, tokenizer, text in (("zh", characters, POEM), ("en", pieces, "he was happy 🙂")):
        save_tokenizer(tmp_path / name, tokenizer, 96)
        theirs = AutoTokenizer.from_pretrained(tmp_path / name)
        assert theirs(text)["input_ids"] == tokenizer.encode(text).ids
        assert theirs.decode(theirs(text)["input_ids"], skip_special_tokens=True) == text
        assert (theirs.bos_token, theirs.eos_token) == ("<s>", "</s>")


def test_a_broken_file_is_a_sentence(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(InputError, match=r"tokenizer\.json"):
        load_tokenizer(tmp_path)
