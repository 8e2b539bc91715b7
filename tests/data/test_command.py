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
