"""`data add`, `show`, `list` and `remove`."""

import json

import pytest

from aigc_demo.__main__ import main
from tests.data.hostile import encoded, picture


@pytest.fixture
def run(settings, tmp_path, monkeypatch, capsys):
    """Run `data ...`: (status, standard output, standard error)."""
    monkeypatch.setenv("AIGC_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("AIGC_LANG", "en")
    monkeypatch.chdir(tmp_path)

    def call(*words):
        status = main(["data", *words])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def test_from_files_to_a_set_and_back(run, tmp_path):
    for seed in range(12):
        folder = tmp_path / "album" / ("day", "night")[seed % 2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{seed}.png").write_bytes(encoded(picture(seed)))
    (tmp_path / "album" / "bad.png").write_bytes(b"MZ")
    add = ("add", "mine", "album", "--side", "28", "--licence", "own work")
    status, _, told = run(*add)
    assert status == 2 and "Say that you may use" in told
    status, told, _ = run(*add, "--consent")
    assert status == 0 and told.splitlines()[0] == "mine · 12 pictures of 28 × 28 in colour, 2 classes"
    assert "bad.png is no PNG" in told and "day 6, night 6" in told
    assert run("show", "mine")[1] == told
    assert "训练 10，验证 2" in run("show", "mine", "--lang", "zh")[1]
    found = json.loads(run("list", "--json")[1])["own"]
    assert [entry["name"] for entry in found] == ["mine"] and found[0]["licence"] == "own work"
    assert "自己的文件" in run("list", "--lang", "zh")[1]
    assert run("remove", "mine")[0] == 0
    assert (
        run("show", "mine")[0]
        == run("remove", "../data")[0]
        == run("add", "con", "album", "--consent")[0]
        == 2
    )


def test_what_is_not_there_is_said_before_anything_starts(run, tmp_path):
    (tmp_path / "there.txt").write_text("Words of a text.\n" * 80)
    status, out, err = run("add", "mine", "there.txt", "NO-SUCH-FILE.zip", "--consent")
    assert (status, out, err) == (
        2,
        "",
        "There is no file NO-SUCH-FILE.zip; check its name and its folder.\n",
    )
    assert "没有文件 gone.txt" in run("add", "mine", "gone.txt", "--consent", "--lang", "zh")[2]
    assert (
        "There is no file gone" in run("get", "digits", "--source", "gone")[2] and run("show", "mine")[0] == 2
    )


def test_it_says_which_encoding_it_took(run, tmp_path):
    (tmp_path / "korean.txt").write_bytes(
        ("고양이 두 마리는 다리가 몇 개입니까? 모두 여덟 개입니다.\n" * 40).encode("euc_kr")
    )
    status, told, _ = run("add", "mine", "korean.txt", "--consent")
    assert status == 0 and "korean.txt was read as EUC-KR" in told
    assert "按 EUC-KR 编码读取" in run("show", "mine", "--lang", "zh")[1]
