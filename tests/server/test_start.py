"""What the start finds around it: proxies, names, ports and folders, each a sentence or made good."""

import os
import socket
import subprocess
import sys

import pytest

from aigc_demo.core.environment import check_folders, mend_proxies, private_folders, refusal
from aigc_demo.core.errors import InputError
from aigc_demo.core.failures import in_words
from aigc_demo.core.settings import ROOT, Settings
from aigc_demo.server import bound_name
from aigc_demo.server.address import check_address


@pytest.mark.parametrize(
    "value",
    [
        "socks://127.0.0.1:7897/",
        "socks4://a:1",
        "ftp://a",
        "http://a:port",
        "http://",
        "http:///x",
        "socks5://",
    ],
)
@pytest.mark.parametrize("name", ["all_proxy", "ALL_PROXY", "https_proxy"])
def test_a_proxy_that_no_client_can_use_is_left_out_and_named(name, value):
    environment = {name: value}
    (said,) = mend_proxies(environment)
    assert environment == {} and name in said.en and name in said.zh and said.en != said.zh


def test_a_proxy_that_can_be_used_stays():
    for value in ("http://127.0.0.1:7897", "https://proxy", "127.0.0.1:7897", "http://me:secret@proxy:1"):
        environment = {"http_proxy": value, "no_proxy": "localhost"}
        assert mend_proxies(environment) == [] and environment["http_proxy"] == value


def test_a_password_of_a_proxy_is_not_printed():
    (said,) = mend_proxies({"all_proxy": "socks9://me:secret@proxy:1"})
    assert "secret" not in said.en + said.zh and "proxy:1" in said.en


@pytest.mark.parametrize(
    ("entries", "kept"),
    [
        ("[::1],localhost", "::1,localhost"),
        ("fe80::/10, .lan,10.0.0.0/8", ".lan,10.0.0.0/8"),
        ("::1,a:80,http://b:c", "::1,a:80"),
        ("*", "*"),
    ],
)
def test_what_needs_no_proxy_is_said_as_the_clients_read_it(monkeypatch, entries, kept):
    environment = {"no_proxy": entries}
    assert mend_proxies(environment) == [] and environment["no_proxy"] == kept
    import httpx

    monkeypatch.setenv("no_proxy", kept)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    httpx.Client(verify=False).close()


@pytest.mark.parametrize("value", ["abc", "", " ", "99999", "0", "-1", "7860.0", "７８６０", "1e4"])
@pytest.mark.parametrize("name", ["GRADIO_SERVER_PORT", "GRADIO_NUM_PORTS"])
def test_a_port_that_is_none_is_named(name, value):
    with pytest.raises(InputError, match=name) as caught:
        check_address(Settings(), {name: value})
    assert name in caught.value.text.zh


@pytest.mark.parametrize(
    "name", ["8.8.8.8", "no-such-host.invalid", "a b", "300.1.1.1", "[2001:db8::1]", "x" * 300]
)
def test_a_name_that_is_not_this_computers_is_named(name):
    with pytest.raises(InputError, match="GRADIO_SERVER_NAME") as caught:
        check_address(Settings(), {"GRADIO_SERVER_NAME": name})
    assert "GRADIO_SERVER_NAME" in caught.value.text.zh


def test_ports_that_are_all_taken_are_told():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with pytest.raises(InputError, match=f"no port from {port} to {port} is free"):
            check_address(Settings(), {"GRADIO_SERVER_PORT": port, "GRADIO_NUM_PORTS": "1"})
    check_address(Settings(), {"GRADIO_SERVER_PORT": port, "GRADIO_NUM_PORTS": "1"})


@pytest.mark.parametrize("name", ["::1", "[::1]", "::", "[::]"])
def test_an_address_of_ipv6_stands_in_brackets(name):
    environment = {"GRADIO_SERVER_NAME": name}
    assert bound_name(Settings(), environment) == f"[{name.strip('[]')}]"
    if socket.has_ipv6 and os.path.exists("/proc/net/if_inet6"):  # noqa: PTH110
        check_address(Settings(), environment)


def test_gradio_looks_for_a_port_of_ipv6_where_there_is_one(monkeypatch):
    from gradio import http_server

    from aigc_demo.ui.page.gradio_gaps import listen_on

    monkeypatch.setattr(http_server, "LOCALHOST_NAME", "[::]")
    assert listen_on("[::]") == "[::]" and http_server.LOCALHOST_NAME == "127.0.0.1"


def test_a_folder_that_is_none_is_named_with_its_setting(tmp_path):
    (tmp_path / "file").write_text("")
    for name in ("runs_dir", "data_dir"):
        fine = {"runs_dir": tmp_path / "a", "data_dir": tmp_path / "b"}
        with pytest.raises(InputError) as caught:
            check_folders(Settings(**fine | {name: tmp_path / "file" / "x"}))
        assert (
            f"AIGC_{name.upper()}" in caught.value.text.en
            and str(tmp_path / "file" / "x") in caught.value.text.zh
        )


def test_temporary_folders_of_somebody_else_give_way_to_ones_own(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "aigc-demo").write_text("another's")
    environment = {"GRADIO_TEMP_DIR": str(tmp_path / "file")}
    settings = private_folders(Settings(), environment)
    assert settings.outputs_dir.parent == tmp_path and refusal(settings.outputs_dir) == ""
    assert environment["GRADIO_TEMP_DIR"].startswith(str(tmp_path / "gradio-"))
    with pytest.raises(InputError, match="AIGC_OUTPUTS_DIR"):
        private_folders(Settings(outputs_dir=tmp_path / "file"), environment)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    with pytest.raises(InputError, match="TMPDIR"):
        private_folders(Settings(), {})


def test_an_error_of_the_network_or_of_the_program_is_none_of_the_disk():
    for error in (ConnectionResetError(104, "reset"), TimeoutError(), ValueError("No"), OSError("no number")):
        assert in_words(error) is None
    hidden = in_words(PermissionError(13, "Permission denied", "/srv/secret/place/a.png"))
    assert "a.png" in hidden.en and "secret" not in hidden.en + hidden.zh


@pytest.mark.process
@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"GRADIO_SERVER_PORT": "abc"}, "GRADIO_SERVER_PORT"),
        ({"GRADIO_SERVER_NAME": "8.8.8.8"}, "GRADIO_SERVER_NAME"),
        ({"AIGC_RUNS_DIR": "/dev/null/runs", "LC_ALL": "xx_XX.nothing", "PYTHONUTF8": "0"}, "AIGC_RUNS_DIR"),
        ({"AIGC_DATA_DIR": "/dev/null/data", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}, "AIGC_DATA_DIR"),
    ],
)
def test_the_start_ends_in_one_sentence_in_both_languages(tmp_path, variables, words):
    own = {"AIGC_RUNS_DIR": str(tmp_path / "runs"), "AIGC_DATA_DIR": str(tmp_path / "data")}
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, **own, **variables},
        capture_output=True,
        check=False,
    )
    english, chinese = done.stderr.decode("utf-8").strip().splitlines()
    assert done.returncode == 1 and words in english and words in chinese and "请" in chinese
