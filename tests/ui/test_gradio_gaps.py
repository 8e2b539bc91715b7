"""Each of Gradio's gaps: what Gradio does by itself, so that a newer one shows when it is closed, and what the page does."""

import asyncio
import json
import logging
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest
from fastapi.testclient import TestClient
from gradio.networking import url_ok
from gradio.routes import App
from gradio.state_holder import SessionState, StateHolder
from starlette.responses import Response

from aigc_demo.core.errors import InputError
from aigc_demo.ui.page import gradio_gaps as gaps


def visitor(lang="en"):
    return SimpleNamespace(query_params={"lang": lang}, cookies={}, headers={}, session_hash="a")


def served(page, **options):
    """A client of the page, as a server would serve it."""
    return TestClient(App.create_app(page, app_kwargs=options), raise_server_exceptions=False)


@contextmanager
def launched(page, **options):
    """The page on a server of its own."""
    page.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False, **gaps.without_self_call(), **options)
    try:
        yield page
    finally:
        page.close()


def page_of(handler, inputs=(), outputs=(), kind=gr.Blocks, **options):
    """A page with one handler, called "go"."""
    with kind(analytics_enabled=False) as page:
        parts = [part.render() for part in inputs], [part.render() for part in outputs]
        gr.Button().click(handler, *parts, api_name="go", **options)
    return page


def process(page, *values, who=None):
    """What a call of the page's handler gives."""
    return asyncio.run(page.process_api(0, list(values), SessionState(page), who, explicit_call=True))


def events(client, *values):
    """All that the stream of a call of "go" tells, as (kind, data)."""
    client.get("/gradio_api/startup-events")  # as launch asks for: the queue starts
    started = client.post("/gradio_api/call/go", json={"data": list(values)}).json()
    stream = client.get(f"/gradio_api/call/go/{started['event_id']}").text.strip()
    parts = [dict(line.split(": ", 1) for line in part.splitlines()) for part in stream.split("\n\n")]
    return [(part["event"], json.loads(part["data"])) for part in parts]


@pytest.mark.parametrize(("kind", "said"), [(gr.Blocks, "not in the list"), (gaps.Page, "reload the page")])
def test_forged_input_is_refused_in_a_sentence_and_not_logged(kind, said, caplog):
    page = page_of(lambda choice: choice, [gr.Radio(["a", "b"])], [gr.Textbox()], kind)
    with caplog.at_level(logging.WARNING), pytest.raises(gr.Error) as refused:
        process(page, "a secret")
    assert said in str(refused.value.message)
    assert refused.value.print_exception is (kind is gr.Blocks)
    assert "a secret" not in caplog.text and ("refused input" in caplog.text) is (kind is gaps.Page)


def test_a_refusal_of_our_own_is_a_sentence_and_a_bug_stays_one():
    def refuse(error):
        def handler():
            raise error

        return page_of(handler, outputs=[gr.Textbox()], kind=gaps.Page)

    with pytest.raises(gr.Error) as refused:
        process(refuse(InputError(en="<No>", zh="不行")), who=visitor("zh"))
    assert refused.value.message == "不行" and not refused.value.print_exception
    with pytest.raises(gr.Error, match="&lt;No&gt;"):
        process(refuse(InputError(en="<No>", zh="不行")), who=visitor())
    with pytest.raises(ZeroDivisionError):
        process(refuse(ZeroDivisionError()), who=visitor())


@pytest.mark.parametrize("sent", [None, 5, True])
def test_a_forged_event_has_no_values(sent):
    event = gr.EventData(None, sent)
    with pytest.raises(TypeError):
        event.index  # noqa: B018
    assert gaps.event_value(event, "index") is None
    assert gaps.event_value(gr.EventData(None, {"index": 3}), "index") == 3


def test_what_a_handler_calls_knows_the_visitor():
    who = visitor()
    page = page_of(lambda: str(gaps.current_visitor() is who), outputs=[gr.Textbox()])
    assert process(page, who=who)["data"] == ["True"]
    assert gaps.current_visitor() is None


@pytest.mark.browser
def test_a_pick_list_tells_another_choice_once_and_being_left_never(browser):
    with gr.Blocks(analytics_enabled=False) as page:
        chooser = gr.Dropdown(["one", "two", "three"], value="one", elem_id="chooser")
        by_itself, chosen = gr.Textbox(elem_id="input"), gr.Textbox(elem_id="chosen")
        chooser.input(lambda value, told: told + value, [chooser, by_itself], by_itself, queue=False)
        gaps.when_chosen(chooser)(lambda value, told: told + value, [chooser, chosen], chosen, queue=False)
        gr.Button(elem_id="set").click(lambda: "three", None, chooser)
    with launched(page), browser.stay() as open_page:
        tab = open_page("en-US")
        tab.goto(page.local_url)

        def told_so_far(field):
            return tab.input_value(f"#{field} textarea")

        def pick(name):
            tab.click("#chooser input")
            tab.click(f"[role=option]:has-text('{name}')")

        pick("two")
        tab.wait_for_function("document.querySelector('#chosen textarea').value === 'two'")
        tab.click("#set")
        tab.wait_for_function("document.querySelector('#chooser input').value === 'three'")
        for _ in range(2):  # entered and left by the keyboard
            tab.focus("#chooser input")
            tab.keyboard.press("Tab")
        tab.wait_for_function("document.querySelector('#input textarea').value.includes('three')")
        assert told_so_far("chosen") == "two"  # what the page itself set is no choice of the hand
        tab.focus("#chooser input")
        tab.keyboard.press("ArrowUp")
        tab.keyboard.press("Enter")
        tab.wait_for_function("document.querySelector('#chosen textarea').value === 'twotwo'")
        pick("one")
        tab.wait_for_function("document.querySelector('#chosen textarea').value === 'twotwoone'")


def test_only_what_was_uploaded_is_a_path():
    sent = {"path": "/tmp/gradio/a.png", "meta": {"_type": "gradio.FileData"}}
    assert gaps.uploaded_path(sent) == "/tmp/gradio/a.png" and gaps.uploaded_path(None) == ""
    for forged in (
        "/etc/passwd",
        {"path": "/etc/passwd"},
        {**sent, "meta": None},
        {**sent, "path": ""},
        [sent],
    ):
        with pytest.raises(InputError):
            gaps.uploaded_path(forged)


def test_a_picture_reaches_its_handler_unopened(tmp_path):
    path = tmp_path / "no picture.png"
    path.write_bytes(b"no picture")
    for picture, opens in ((lambda: gr.Image(type="filepath"), True), (gaps.image_as_sent, False)):
        page = page_of(lambda sent: sent, [picture()], [gr.Textbox()])
        sent = {"path": str(path), "meta": {"_type": "gradio.FileData"}}
        if opens:
            with pytest.raises(Exception, match="cannot identify"):
                process(page, sent)
        else:
            assert process(page, sent)["data"][0].endswith(".png")


def test_a_program_is_told_a_type_for_every_field():
    from typing import Literal

    assert gaps.api_type(Literal["a", "b"]) is str and gaps.api_type(list[int]) is list
    assert gaps.api_type(int) is int


def test_the_last_update_is_sent_twice_so_it_is_small():
    def write():
        yield "a" * 1000

    for handler, large in ((write, 2), (lambda: (yield from gaps.small_last(write(), "")), 1)):
        with served(page_of(handler, outputs=[gr.Textbox()])) as client:
            told = [data for kind, data in events(client) if data]
        assert len([data for data in told if len(data[0]) == 1000]) == large


def test_hidden_progress_is_looked_for_in_one_place():
    with gr.Blocks() as page:
        place, other = gr.HTML(), gr.HTML()
        gr.Button().click(lambda: "", None, other, show_progress="hidden")
        gr.Button().click(lambda: "", None, other)
    assert page.fns[0].show_progress_on is None
    gaps.progress_in_one_place(page, place)
    hidden, full = page.get_config_file()["dependencies"]
    assert hidden["show_progress_on"] == [place._id] and full["show_progress_on"] is None


def test_a_download_is_written_when_it_is_asked_for():
    with gr.Blocks() as page:
        gaps.download_when_pressed("Save", "save", lambda: "a.txt", None)
    write, press = page.get_config_file()["dependencies"]
    seen, target = (page.blocks[i] for i in (write["targets"][0][0], write["outputs"][0]))
    assert not isinstance(seen, gr.DownloadButton) and isinstance(target, gr.DownloadButton)
    assert (
        target.visible and "file-to-hand-over" in target.elem_classes
    )  # the style hides it; there for the script
    assert press["trigger_after"] == write["id"] and "#save-file" in press["js"]


def test_a_file_that_we_wrote_can_be_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    path = tmp_path / "a b.txt"
    path.write_text("ours")
    with served(page_of(lambda: None)) as client:
        assert client.get(f"/gradio_api/file={path}").status_code == 403
        address = gaps.file_address(path)
        assert client.get("/" + address).text == "ours" and " " not in address
    assert gaps.file_address(tmp_path / "cache" / "c.txt").endswith(
        "/cache/c.txt"
    )  # no copy of what is there


def test_the_script_stands_before_gradios_own():
    first, late = "<script>first()</script>", "<script>late()</script>"
    layers = [(gaps.FirstInHead, (), {"script": first})]
    with launched(page_of(lambda: None), head=late, app_kwargs={"middleware": layers}) as page:
        answer = httpx.get(page.local_url)
        assert (
            "late()" in answer.text and late not in answer.text
        )  # but in the settings that Gradio's scripts read
        assert answer.text.index("<script") == answer.text.index(first)
        assert int(answer.headers["content-length"]) == len(answer.content)
        assert first not in httpx.get(page.local_url + "config").text


def test_a_program_is_told_that_there_is_no_such_endpoint():
    for options, status in (({}, 500), ({"exception_handlers": gaps.exception_handlers()}, 404)):
        with served(page_of(lambda: None), **options) as client:
            assert client.post("/gradio_api/call/nothing", json={"data": []}).status_code == status


class SlowToItself:
    """A server too busy to answer the call that launch makes to it."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        busy = scope["type"] == "http" and scope["method"] == "HEAD"
        await (Response(status_code=503) if busy else self.app)(scope, receive, send)


def test_a_busy_machine_serves_its_page():
    with launched(page_of(lambda: None), app_kwargs={"middleware": [(SlowToItself, (), {})]}) as page:
        assert page.is_running and not url_ok(page.local_url)  # which launch would have asked


def test_a_session_has_no_copy_of_the_page():
    page = page_of(lambda typed: None, [gr.Textbox("typed")])
    box = next(part for part in page.blocks.values() if isinstance(part, gr.Textbox))
    for kind, copied in ((SessionState, True), (gaps.Session, False)):
        session = kind(page)
        session[box._id] = gr.Textbox("typed anew")
        assert bool(session.config_values) is copied
        assert session[box._id].value == "typed anew"


def test_an_idle_session_goes_and_others_stay():
    for holder, gone in ((StateHolder(), False), (gaps.Sessions(60), True), (gaps.Sessions(None), False)):
        page = page_of(lambda: None)
        page.state_session_capacity = 10
        holder.set_blocks(page)
        assert holder["old"] and holder["new"]
        holder.time_last_used["old"] = datetime.now() - timedelta(minutes=2)
        holder.delete_all_expired_state()
        assert ("old" not in holder) is gone and "new" in holder
