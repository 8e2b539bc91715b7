"""Tools for a language model (MCP): off by default; with --mcp for those alone who carry the token."""

import json
import urllib.error
import urllib.request

import pytest

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.server import mcp_token
from aigc_demo.ui import build_app
from tests.conftest import settings_in
from tests.loops import complete

TOKEN = "a token of this test"
PLACES = (
    "/gradio_api/mcp",
    "/gradio_api/mcp/",
    "/gradio_api/mcp/schema",
    "/gradio_api/mcp/sse",
    "/gradio_api/mcp/x",
)


@pytest.fixture(scope="module")
def url(debug_models, tmp_path_factory):
    """A page with tools, on tiny models."""
    pytest.importorskip("mcp")
    own = tmp_path_factory.mktemp("mcp")
    settings = settings_in(own, debug_models)
    page, options = build_app(settings, mcp_token=TOKEN)
    _, address, _ = page.launch(prevent_thread_lock=True, quiet=True, **options)
    yield address.rstrip("/")
    page.close()


def talk(url, conversation, token=TOKEN):
    """What `conversation(session)` returns of an MCP session over streamable HTTP."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def run():
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            streamablehttp_client(f"{url}/gradio_api/mcp/", headers=headers) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await conversation(session)

    return complete(run())


def status(url, token=None, method="GET"):
    """The HTTP status of one request."""
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    request = urllib.request.Request(
        url, headers=headers, method=method, data=b"{}" if method == "POST" else None
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("token", [None, "", "a token of this tes", "A token of this test", "ключ"])
def test_without_the_token_nothing_is_said(url, token):
    token = token and token.encode().decode("latin-1")
    for place in PLACES:
        assert status(url + place, token) == 401, place
        assert status(url + place, token, "POST") == 401, place


def test_the_tools_are_the_public_endpoints_with_words_for_each_parameter(url):
    async def tools(session):
        return {tool.name: tool for tool in (await session.list_tools()).tools}

    found = talk(url, tools)
    page, _ = build_app(Settings(offline=True))
    assert set(found) == {fn.api_name for fn in page.fns.values() if fn.api_visibility == "public"}
    for tool in found.values():
        assert tool.description
        for name, schema in tool.inputSchema["properties"].items():
            assert schema.get("description"), f"{tool.name} {name}"


def test_a_tool_draws_and_another_refuses_a_path_of_the_server(url):
    async def draw(session):
        drawn = await session.call_tool("generate_image", {"label": "3", "count": 4, "seed": 1})
        listed = await session.call_tool("list_models", {})
        stolen = await session.call_tool("reconstruct", {"image": {"path": "/etc/hostname"}})
        marked = {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}
        return drawn, listed, stolen, await session.call_tool("reconstruct", {"image": marked})

    drawn, listed, stolen, marked = talk(url, draw)
    assert not drawn.isError and '"labels"' in drawn.content[0].text.replace("'", '"')
    assert "gan-digits" in str(listed.content)
    assert stolen.isError and "uploaded" in stolen.content[0].text
    assert marked.isError


def test_off_by_default_there_are_no_tools(debug_models, tmp_path):
    settings = Settings(
        weights_dir=debug_models, runs_dir=tmp_path, outputs_dir=tmp_path / "out", offline=True
    )
    assert mcp_token(settings) == "" and build_app(settings)[1]["mcp_server"] is False


def test_the_token_is_told_once_or_set(capsys):
    settings = Settings(mcp=True)
    token = mcp_token(settings, {})
    assert len(token) >= 24 and capsys.readouterr().out.count(token) == 1
    assert mcp_token(settings, {"AIGC_MCP_TOKEN": TOKEN}) == TOKEN and not capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "environment", "why"),
    [
        (Settings(mcp=True, mode="share"), {}, "login"),
        (Settings(mcp=True), {"AIGC_MCP_TOKEN": "short"}, "5 characters"),
    ],
)
def test_what_cannot_be_is_said(settings, environment, why):
    with pytest.raises(InputError, match=why):
        mcp_token(settings, environment)


def test_the_guide_is_served(url):
    with urllib.request.urlopen(f"{url}/API.md", timeout=20) as answer:
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert "## /generate_text" in answer.read().decode()
    with urllib.request.urlopen(f"{url}/gradio_api/info", timeout=20) as answer:
        assert "/generate_text" in json.load(answer)["named_endpoints"]
