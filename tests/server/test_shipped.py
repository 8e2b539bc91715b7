"""The recorded files of the Start tab, handed out by name alone."""

import asyncio

from aigc_demo.server import Shipped


def answer(layer, path, method="GET", query=b""):
    """Status, headers and body; status 0 where the request was passed on."""
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(layer({"type": "http", "method": method, "path": path, "query_string": query}, None, send))
    return sent[0]["status"], dict(sent[0].get("headers", [])), sent[-1].get("body")


async def passed_on(scope, receive, send):
    await send({"status": 0})


def test_files_are_handed_out_by_name_and_kept_where_the_address_has_a_digest(tmp_path):
    folder = tmp_path / "recorded"
    (folder / "walk").mkdir(parents=True)
    (folder / "walk" / "film.png").write_bytes(b"picture")
    (tmp_path / "secret").write_text("no")
    layer = Shipped(passed_on, "/start/", folder)
    status, headers, body = answer(layer, "/start/walk/film.png", query=b"v=1")
    assert (status, body, headers[b"content-type"]) == (200, b"picture", b"image/png")
    assert b"immutable" in headers[b"cache-control"]
    assert answer(layer, "/start/walk/film.png")[1][b"cache-control"] == b"no-cache"
    assert answer(layer, "/start/walk/film.png", "HEAD")[2] == b""
    for path in ("/start/../secret", "/start/walk/../../secret", "/start/walk", "/start/", "/"):
        assert answer(layer, path)[0] == 0
    assert answer(layer, "/start/walk/film.png", "POST")[0] == 0
