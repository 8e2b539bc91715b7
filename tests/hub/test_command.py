"""hub search | show | get | list | remove on the command line."""

import json

import pytest

from aigc_demo.__main__ import main


@pytest.fixture
def call(settings, capsys, monkeypatch):
    """Run a hub command: status, what it printed, what it complained of."""
    monkeypatch.setenv("AIGC_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("AIGC_HUB_DIR", str(settings.hub_dir))

    def run(*words):
        status = main(["hub", *words])
        return status, *capsys.readouterr()

    return run


@pytest.mark.process
def test_the_whole_way(hub, llama, call):
    hub.add("someone/tiny-llama", llama)
    _, table, _ = call("search", "tiny-llama")
    assert "someone/tiny-llama" in table
    _, told, _ = call("show", "someone/tiny-llama", "--json")
    offer = json.loads(told)
    assert offer["kind"] == "causal_lm" and offer["fits_disk"] and offer["fits_memory"] == "fits"
    _, words, _ = call("show", "someone/tiny-llama", "--lang", "zh")
    assert "许可 apache-2.0" in words
    status, told, complaint = call("get", "someone/tiny-llama", "--json")
    assert status == 0, complaint
    assert json.loads(told)["tasks"] == ["text", "chat", "rewrite"]
    _, told, _ = call("list", "--json")
    assert "someone/tiny-llama" in [model["id"] for model in json.loads(told)["models"]]
    assert call("remove", "someone/tiny-llama", "--lang", "zh")[1] == "someone/tiny-llama 已删除。\n"


def test_what_does_not_work_is_a_sentence(hub, call, tmp_path):
    assert call("get", "nobody/nothing")[0] == 2
    status, _, complaint = call("get", str(tmp_path), "--lang", "zh")
    assert status == 2 and "config.json" in complaint
    assert call("search", "--task", "dance")[0] == 2
    assert "offline" in call("show", "a/b", "--offline")[2]


def test_the_catalogue_needs_no_network(call):
    status, table, _ = call("search", "--task", "chat", "--offline", "--lang", "zh")
    assert status == 0 and "Qwen/Qwen3-0.6B" in table and "通义千问" in table
