"""The guide to the HTTP API, at /API.md: plain text, for people, programs and language models alike."""

from pathlib import Path

from aigc_demo.web.asgi import App, Message, Receive, Send

GUIDE = Path(__file__).parents[1] / "API.md"
PLACE = "/API.md"


class Guide:
    """Answer GET /API.md; pass everything else on."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] != PLACE or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        body = GUIDE.read_bytes()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body if scope["method"] == "GET" else b""})
