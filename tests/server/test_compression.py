"""What leaves compressed, what is left as it is, and what need not be sent again."""

import gzip
import json

import brotli
import pytest

from aigc_demo.server.compression import Compression, best_coding
from tests.loops import complete

PAGE = b"<html>" + b"a page with words " * 500


def answer(pieces, kind=b"text/html", status=200, more=(), method="GET", path="/", **headers):
    """The messages with which the layer passes an app's answer on."""

    async def app(scope, receive, send):
        given = [(b"content-type", kind), (b"content-length", b"%d" % len(b"".join(pieces))), *more]
        await send({"type": "http.response.start", "status": status, "headers": given})
        for i, piece in enumerate(pieces):
            await send({"type": "http.response.body", "body": piece, "more_body": i < len(pieces) - 1})

    sent = []

    async def keep(message):
        sent.append(message)

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": named}
    complete(Compression(app)(scope, None, keep))
    return sent[0]["status"], dict(sent[0]["headers"]), [message["body"] for message in sent[1:]]


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip;q=0.5", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0.000", None),
        ("identity", None),
        ("", None),
    ],
)
def test_the_coding_that_the_browser_takes(accepted, coding):
    assert best_coding(accepted) == coding
    status, headers, (body,) = answer([PAGE], accept_encoding=accepted)
    plain = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[coding](body)
    assert status == 200 and plain == PAGE
    assert headers.get(b"content-encoding", b"").decode() == (coding or "")
    assert int(headers[b"content-length"]) == len(body) and headers[b"vary"] == b"Accept-Encoding"


@pytest.mark.parametrize("sent", [
    {"pieces": [b"data: 1\n\n" * 400, b"data: 2\n\n"], "kind": b"text/event-stream"},
    {"pieces": [PAGE, PAGE]},  # comes in pieces: nobody waits for the last one
    {"pieces": [PAGE], "more": [(b"content-encoding", b"br")]},
    {"pieces": [PAGE], "status": 206, "more": [(b"content-range", b"bytes 0-99/1000")]},
    {"pieces": [PAGE], "kind": b"image/png"},
    {"pieces": [b"{}"], "kind": b"application/json"},
])  # fmt: skip
def test_the_rest_passes_as_it_comes(sent):
    status, headers, bodies = answer(**sent, accept_encoding="br")
    assert bodies == sent["pieces"] and status == sent.get("status", 200)
    assert headers.get(b"content-encoding") == dict(sent.get("more", ())).get(b"content-encoding")


def test_a_stream_is_never_held_back():
    order = []

    async def app(scope, receive, send):
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]}
        )
        for piece in (b"first", b"second"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            order.append(f"app sent {piece.decode()}")

    async def keep(message):
        order.append(message.get("body", b"start").decode())

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    complete(Compression(app)(scope, None, keep))
    assert order == ["start", "first", "app sent first", "second", "app sent second"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_the_browser_has_is_not_sent_again(method):
    _, first, _ = answer([PAGE], method=method, accept_encoding="br")
    assert first[b"etag"].startswith(b"W/") and first[b"cache-control"] == b"private, no-cache"
    status, headers, (body,) = answer(
        [PAGE], method=method, accept_encoding="br", if_none_match=first[b"etag"].decode()
    )
    assert (status, body) == (304, b"") and headers[b"etag"] == first[b"etag"]
    assert headers[b"vary"] == b"Accept-Encoding" and b"content-length" not in headers
    status, _, _ = answer([PAGE + b"!"], method=method, if_none_match=first[b"etag"].decode())
    assert status == 200
    assert b"etag" not in answer([PAGE], method="POST")[1]


def test_an_app_s_own_validator_becomes_weak_where_the_bytes_change():
    assert answer([PAGE], more=[(b"etag", b'"x"')], accept_encoding="br")[1][b"etag"] == b'W/"x"'
    assert answer([PAGE], more=[(b"etag", b'"x"')])[1][b"etag"] == b'"x"'


def test_the_real_page_and_its_scripts(site):
    page = site.send("/", headers={"Accept-Encoding": "br"})
    text = brotli.decompress(page.body).decode()
    assert page.headers["content-encoding"] == "br" and "gradio_config" in text
    assert len(page.body) < 0.2 * len(text)
    again = site.send("/", headers={"Accept-Encoding": "br", "If-None-Match": page.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert site.send("/", "HEAD", {"Accept-Encoding": "br"}).headers["etag"] == page.headers["etag"]
    script = text.split('src="./assets/')[1].split('"')[0] if 'src="./assets/' in text else ""
    if script:  # the page of a public link takes its scripts from elsewhere
        kept = site.send(f"/assets/{script}")
        assert "immutable" in kept.headers["cache-control"]
    gap = site.send("/gradio_api/info", headers={"Accept-Encoding": "gzip"})
    assert gap.status != 200 or json.loads(gzip.decompress(gap.body))["named_endpoints"]
