"""In which encoding a text is, by evidence; what is cut, broken or no text is said."""

import io

import pytest

from aigc_demo.core.encodings import encoding_of, read_text
from aigc_demo.core.errors import InputError

SAID = {
    "zh": "两只猫有几条腿？一共八条，主人这样回答。请您明天早上再来问我，图书馆九点开门。\n",
    "tw": "兩隻貓有幾條腿？一共八條，主人這樣回答。請您明天早上再來問我，圖書館九點開門。\n",
    "ja": "二匹の猫には足が何本ありますか。全部で八本です。図書館は朝九時に開きます。\n",
    "ko": "고양이 두 마리는 다리가 몇 개입니까? 모두 여덟 개입니다. 도서관은 아침에 엽니다.\n",
    "de": "Wie viele Füße haben zwei Kühe? Acht natürlich. Die Straße führt über Köln, größer als gedacht.\n",
    "ru": "Сколько ног у двух кошек? Восемь, сказал хозяин дома. Спросите меня завтра утром.\n",
    "pl": "Ile nóg mają dwa koty? Osiem, powiedział właściciel. Proszę zapytać mnie jutro, książki są później.\n",
    "en": "How many legs have two cats? Eight of them, said the owner of the house.\n",
}


def read(data: bytes):
    found = encoding_of(io.BytesIO(data), "a.txt")
    return found.decode(data), found


@pytest.mark.parametrize(
    "lang, codec, label",
    [
        ("zh", "utf-8", "UTF-8"), ("zh", "utf-8-sig", "UTF-8"), ("zh", "utf-16", "UTF-16"), ("zh", "utf-16-le", "UTF-16"),
        ("ja", "utf-16-be", "UTF-16"), ("en", "utf-16-be", "UTF-16"), ("en", "utf-16-le", "UTF-16"), ("en", "ascii", "UTF-8"),
        ("zh", "gbk", "GB18030"), ("zh", "gb18030", "GB18030"), ("tw", "big5", "Big5"), ("tw", "cp950", "Big5"),
        ("ja", "shift_jis", "Shift-JIS"), ("ja", "cp932", "Shift-JIS"), ("ja", "euc_jp", "EUC-JP"),
        ("ja", "iso2022_jp", "ISO-2022-JP"), ("ko", "euc_kr", "EUC-KR"), ("ko", "cp949", "EUC-KR"),
        ("de", "cp1252", "windows-1252"), ("ru", "cp1251", "windows-1251"), ("ru", "koi8_r", "KOI8-U"),
        ("pl", "cp1250", "windows-1250"),
    ],
)  # fmt: skip
def test_short_texts_in_all_their_encodings(lang, codec, label):
    text, found = read(SAID[lang].encode(codec))
    assert (text, found.label, found.cut) == (SAID[lang], label, 0)
    said = found.remark("a.txt")
    assert bool(said) == (label != "UTF-8") and label in said.en + said.zh + "UTF-8"
    assert found.guessed == (label[:3] != "UTF") == ("if its words look wrong" in said.en)


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-16-le", "gb18030", "big5", "cp932", "euc_kr"])
def test_a_character_that_is_cut_at_the_end_is_left_out_and_said(codec):
    lang = {"big5": "tw", "cp932": "ja", "euc_kr": "ko"}.get(codec, "zh")
    whole = (SAID[lang] * 3).rstrip(".\n")
    text, found = read(whole.encode(codec)[:-1])
    assert text == whole[:-1] and found.cut > 0 and "left out" in found.remark("a.txt").en


def test_a_piece_of_a_file_may_begin_and_end_within_characters():
    data = (SAID["zh"] * 20).encode()
    assert read(data[1:])[0] == (SAID["zh"] * 20)[1:]
    assert read(data[2:-3])[0] == (SAID["zh"] * 20)[1:-2]
    assert read(data[:-3] + b"\n")[0] == (SAID["zh"] * 20)[:-2] + "\n"


@pytest.mark.parametrize(
    "data, words",
    [
        (SAID["zh"].encode() * 3 + b"a\xffb\n" + SAID["zh"].encode() * 3, r"no UTF-8 text: line 4 is broken \(byte 356 "),
        ("\ufeffé".encode() + b"\xe9 a", r"line 1 is broken \(byte 6 "),
        (SAID["zh"].encode("gbk") * 9 + b"\xff\n", "line 10 is broken"),
        ("ab".encode("utf-16") + b"\x00\xd8a\x00", "no UTF-16 text: line 1"),
        (b"abc\0def\n" * 9, r"a zero in line 1 \(byte 4\)"),
        ("words ".encode("utf-32") * 9, "a zero"),
        ("Füße Привет Größe мир ".encode() + "Füße".encode("cp1252") + b" x", "UTF-8 text: line 1"),
        (bytes(range(0xC0, 0x100)) + b" a" + bytes(range(0xA0, 0xC0)) + b"z\xe9\xe8 q\xf1", "cannot be told"),
    ],
)  # fmt: skip
def test_what_is_broken_or_no_text_is_refused_with_its_place(data, words):
    with pytest.raises(InputError, match=words) as caught:
        read(data)
    assert "a.txt" in caught.value.text.zh


def test_a_small_file_is_read_with_plain_line_ends(tmp_path):
    (tmp_path / "a.txt").write_bytes("한 줄\r\n두 번째 줄입니다\r".encode("cp949"))
    assert read_text(tmp_path / "a.txt") == "한 줄\n두 번째 줄입니다\n"
