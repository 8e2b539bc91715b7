"""A shared page that is visited by several: what is one's stays one's, what is forged is refused, what is deleted is gone."""

import json
import os
import re
import time
from collections import Counter
from pathlib import Path

import pytest

from aigc_demo.core.settings import VISITORS
from tests.load.caller import Caller
from tests.load.crowd import visit
from tests.load.guest import Guest
from tests.load.public_page import PublicPage
from tests.load.soak import soak

TEXT = "The canary of the first visitor sings. " * 200
LONG = "x" * 1_000_000
STRANGERS = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
FORGED = {
    "no number": lambda count: [float("nan")] * count,
    "a huge number": lambda count: [10**30] * count,
    "another type": lambda count: [{"a": [None]}] * count,
    "a file of the server": lambda count: [STRANGERS] * count,
    "a path": lambda count: ["../../../etc/passwd"] * count,
    "nothing": lambda count: [None] * count,
    "too few": lambda count: [],
    "a long text": lambda count: [LONG, *["x"] * (count - 1)][:count],
    "a name of another's": lambda count: ["firsts"] * count,
}


@pytest.fixture(scope="module")
def shared(serving, tmp_path_factory):
    """The address, the folder and the password of a shared page that lets its visitors train."""
    own = tmp_path_factory.mktemp("shared")
    with serving(own, AIGC_MODE="share", AIGC_ALLOW_TRAINING="1", AIGC_OFFLINE="1") as url:
        password = re.search(r"guest, (\S+)", (own / "log.txt").read_text()).group(1)
        yield url, own, password


@pytest.fixture
def enter(shared):
    """Come as a new visitor."""
    url, _, password = shared
    return lambda: Caller(url, password).open()


def bring(caller, name):
    """Import a text under a name."""
    given = {"train_paste": TEXT, "data_name": name, "data_consent": True, "train_data": "digits"}
    answer = caller.press("train-import", **given)
    assert answer.ok
    return answer


def test_what_is_ones_stays_ones_and_outlives_a_reload(enter):
    first, second = enter(), enter()
    assert "firsts" in bring(first, "firsts").text
    path = first.ask("generate_image", model="gan-digits", label="3", count=1).data[0]["file"]["path"]
    uploaded = first.upload("mine.txt", b"only mine")["path"]
    for file in (path, uploaded):
        assert first.fetch(file).status_code == 200
        assert second.fetch(file).status_code == 404
        assert second.fetch(file.replace("/", "//")).status_code in (403, 404)
    first.reload()
    assert "firsts" in first.press("tab-train", "select").text
    assert "firsts" not in second.press("tab-train", "select").text
    refused = second.ask("start_training", family="transformer", data="firsts", name="theirs", steps=1)
    assert not refused.ok
    assert "no data firsts" in refused.said
    assert not second.ask("job", name="firsts").ok


def test_delete_all_my_data_leaves_nothing(enter, shared):
    _, own, _ = shared
    first, second = Guest(shared[0], 1, shared[2]), enter()
    for deed in (first.write, first.picture, first.encode, first.bring_data):
        assert all(answer.ok for answer in deed())
    bring(second, "seconds")
    assert traces(own, first.canary)
    assert first.caller.press("own-really").ok
    assert traces(own, first.canary) == []
    assert not any(Path(path).exists() for path in first.paths)
    assert "seconds" in second.press("tab-train", "select").text


def test_the_button_asks_once_and_the_page_begins_anew(enter, shared, browser):
    url, own, _ = shared
    visitor = enter()
    bring(visitor, "pressed")
    with browser.stay() as open_page:
        page = open_page("zh-CN")
        page.context.add_cookies(
            [{"name": name, "value": value, "url": url} for name, value in visitor.http.cookies.items()]
        )
        page.goto(url)
        page.wait_for_selector("#own-delete")
        assert "60 分钟" in page.inner_text("#own-kept")
        page.click("#own-delete")
        with page.expect_navigation():
            page.click("#own-really")
    assert traces(own, "pressed") == []


@pytest.mark.slow  # trains for a moment in a process of its own
def test_delete_all_my_data_stops_what_trains(enter, shared):
    _, own, _ = shared
    visitor = enter()
    bring(visitor, "short-lived")
    started = visitor.ask(
        "start_training", family="transformer", data="short-lived", name="vanishing", steps=9999
    )
    assert started.ok
    while visitor.ask("job", name="vanishing").data[0]["step"] < 1:
        time.sleep(0.2)
    assert visitor.press("own-really").ok
    assert traces(own, "vanishing") == traces(own, "short-lived") == []
    assert not visitor.ask("job", name="vanishing").ok


def traces(folder, words):
    """Paths below a folder whose name or content holds these words; the server's log does not count."""
    return [
        path
        for path in folder.rglob("*")
        if path.name != "log.txt"
        and (words in path.name or (path.is_file() and words.encode() in path.read_bytes()))
    ]


def test_handlers_answer_forged_input_with_a_sentence(enter, shared):
    """Every third handler gets one kind of forged input here; every handler gets all kinds in the slow test."""
    caller, kinds = enter(), list(FORGED)
    for number, handler in enumerate(own_handlers(caller)[::3]):
        forge(caller, handler, kinds[number % len(kinds)])
    assert caller.ask("list_models").ok
    assert "Traceback" not in (shared[1] / "log.txt").read_text()


@pytest.mark.slow
def test_every_handler_answers_every_forged_input_with_a_sentence(enter, shared):
    caller = enter()
    for handler in own_handlers(caller):
        for kind in FORGED:
            forge(caller, handler, kind)
    assert "Traceback" not in (shared[1] / "log.txt").read_text()


def own_handlers(caller):
    """Every handler that runs on the server; the one that deletes the visitor's data is tried above."""
    kept = [part["id"] for part in caller.parts.values() if part["props"].get("elem_id") == "own-really"]
    return [
        each
        for each in caller.handlers.values()
        if each["backend_fn"] and not any(target in kept for target, _ in each["targets"])
    ]


def forge(caller, handler, kind):
    """Call a handler with what its page cannot have sent, and what no browser tells of an event."""
    told = {"index": "x", "value": 5, "drawing": LONG, "mask": 5} if kind == "a path" else 5
    answer = caller.call(handler["id"], FORGED[kind](len(handler["inputs"])), told)
    assert answer.status == 200 or 400 <= answer.status < 500, (handler["api_name"], kind, answer.status)
    if answer.status == 200 and not answer.ok:
        assert answer.said, (handler["api_name"], kind)
        assert "Error" not in answer.said.split(":")[0]
    assert "root:x:" not in answer.text


def test_a_handler_is_reached_through_the_queue_alone(enter):
    caller = enter()
    handler = caller.asked("generate_image")[0]
    body = {"data": [], "fn_index": handler, "session_hash": "x"}
    for way in ("run/predict", "api/predict", "run/generate_image"):
        assert caller.http.post(f"/gradio_api/{way}", json=body).status_code in (403, 404), way


def test_a_small_crowd_leaks_nothing_and_a_flood_is_turned_away(shared):
    url, _, password = shared
    found, statuses, alive = visit(url, sessions=4, seconds=4, password=password)
    assert (found.failures, found.leaks, found.thefts) == ([], [], 0)
    assert found.calls() >= 4
    assert set(statuses) <= {200, 503}
    assert statuses[503]
    assert alive


def test_a_short_soak_looks_at_the_server(shared):
    url, own, password = shared
    looks, failed, calls = soak(PublicPage(url, os.getpid(), own), seconds=2, pause=0, password=password)
    assert failed == 0
    assert calls >= 1
    assert looks[-1].memory > 0
    assert looks[-1].open_files > 0
    assert looks[-1].files > 0


def test_visitors_folders_are_named_after_what_nobody_can_guess(enter, shared):
    caller = enter()
    bring(caller, "named")
    names = [path.name for path in (shared[1] / "data" / VISITORS).iterdir()]
    assert all(re.fullmatch(r"[cs][0-9a-f]{32}", name) for name in names)
    assert Counter(names).most_common(1)[0][1] == 1
    assert caller.http.cookies["aigc_visitor"] not in json.dumps(names)
