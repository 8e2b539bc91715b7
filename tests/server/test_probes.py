"""The table of probes against the running page in its three modes, and what takes more than one request."""

import json
import os
from pathlib import Path
from urllib.parse import quote

import pytest

from aigc_demo.core.settings import ROOT
from aigc_demo.server.checks import CLOSED
from tests.server.conftest import PASSWORD
from tests.server.probes import PROBES


@pytest.mark.parametrize("mode", ["local", "share", "spaces"])
def test_every_probe_is_held(sites, mode):
    broken = []
    for probe in [probe for probe in PROBES if mode in probe.modes]:
        reply = sites[mode].send(
            probe.path, probe.method, probe.headers, probe.body, login=probe.login, chunked=probe.chunked
        )
        told = [word for word in probe.absent if word in reply.text or word in str(reply.headers)]
        if reply.status not in probe.held or told:
            broken.append(f"{probe.name}: {reply.status} {told} {reply.text[:150]!r}")
    assert not broken, "\n".join(broken)


def test_there_are_sixty_of_them_in_each_mode():
    for mode in ("local", "share", "spaces"):
        assert len([probe for probe in PROBES if mode in probe.modes]) >= 60


def test_every_answer_has_the_headers(site):
    refusals = [{"Host": "evil.example"}, {"Origin": "http://evil.example"}]
    answers = [site.send(path) for path in ("/", "/config", "/gradio_api/file=/etc/passwd", "/monitoring")]
    answers += [site.send("/config", headers=headers) for headers in refusals]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        policy = answer.headers["content-security-policy"]
        framed = "frame-ancestors 'self' https://huggingface.co" if site.mode == "spaces" else "'none'"
        assert policy.endswith(framed) and "object-src 'none'" in policy


def test_an_upload_keeps_its_place_and_is_not_shown_as_a_page(site):
    for name in ("../../../x.html", "..\\..\\x.svg", "/etc/x.html", "a\x00b.html", "x" * 900 + ".html"):
        reply = site.upload(name, b"<script>alert(1)</script>")
        if reply.status == 200:
            (path,) = json.loads(reply.body)
            assert Path(path).is_relative_to(os.environ["GRADIO_TEMP_DIR"]) and ".." not in Path(path).parts
            shown = site.send(f"/gradio_api/file={quote(path)}")
            assert shown.status == 200 and "html" not in shown.headers["content-type"]
            assert "attachment" in shown.headers["content-disposition"]
        else:
            assert reply.status in (400, 422)


@pytest.mark.parametrize("mode", ["share", "spaces"])
def test_an_upload_that_is_too_large_and_one_too_many(sites, mode, somebody):
    site, headers = sites[mode], {"X-Forwarded-For": somebody}
    assert site.upload(content=bytes(51 * 2**20), headers=headers).status == 413
    much = {**headers, "Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(160 * 2**20)}
    reply = site.send("/gradio_api/upload", "POST", much)
    assert reply.status == 429 and "200 MB" in reply.text and "稍后再试" in reply.text
    assert reply.headers["retry-after"]
    other = {"X-Forwarded-For": "198.41.0.4"}
    assert site.upload(headers=other).status == 200


def test_wrong_passwords_are_throttled_and_nobody_else_is(sites, somebody):
    site, guesser = sites["share"], {"X-Forwarded-For": somebody}
    statuses = [site.log_in(f"guess {i}", headers=guesser).status for i in range(12)]
    assert statuses == [400] * 10 + [429] * 2
    spoofed = {"X-Forwarded-For": f"8.8.4.4, {somebody}"}  # what a client writes itself stands on the left
    assert site.log_in("again", headers=spoofed).status == 429
    assert site.log_in(PASSWORD, headers=guesser).status == 429
    reply = site.log_in(PASSWORD, headers={"X-Forwarded-For": "198.41.0.5"})
    assert reply.status == 200 and "HttpOnly" in reply.headers["set-cookie"]


def test_without_a_login_there_is_nothing_to_guess(sites):
    assert {sites["spaces"].log_in("x").status for _ in range(12)} == {302}


@pytest.mark.parametrize("mode", ["share", "spaces"])
def test_an_error_is_a_sentence_without_internals(sites, mode):
    kind, told = sites[mode].call("generate_image", {"model": "no such model"})
    assert kind == "error" and "Traceback" not in str(told) and str(ROOT) not in str(told)
    kind, told = sites[mode].call("start_training", {"name": "mine", "data": "digits", "family": "gan"})
    assert kind == "error" and not list(sites[mode].settings.runs_dir.glob("*"))


OPEN = """/ /login /logout /svelte/{path:path} /config /static/{path:path} /assets/{path:path} /favicon.ico /theme.css
/robots.txt /pwa_icon /pwa_icon/{size} /manifest.json /gradio_api/user /gradio_api/login_check /gradio_api/token
/gradio_api/app_id /gradio_api/info /gradio_api/openapi.json /gradio_api/file={path_or_url:path} /gradio_api/reset
/gradio_api/heartbeat/{session_hash} /gradio_api/run/{api_name} /gradio_api/api/{api_name}
/gradio_api/call/{api_name} /gradio_api/call/v2/{api_name} /gradio_api/call/{api_name}/{event_id}
/gradio_api/call/v2/{api_name}/{event_id} /gradio_api/queue/join /gradio_api/queue/data /gradio_api/queue/status
/gradio_api/cancel /gradio_api/upload /gradio_api/upload_progress /gradio_api/startup-events /gradio_api/theme.css
"""


def test_every_route_of_gradio_is_known_to_be_open_or_closed(sites):
    """A new version of Gradio may bring new doors: somebody has to look at them before they stand open."""
    routes = sites["local"].app.routes
    paths = {route.path for route in routes if hasattr(route, "path")}
    for included in [route for route in routes if hasattr(route, "original_router")]:
        paths |= {route.path for route in included.original_router.routes}
    strange = {path.rstrip("/") or "/" for path in paths if not path.startswith(CLOSED)} - set(OPEN.split())
    assert len(paths) > 50 and not strange
