"""Small files that come with the app and that the page fetches when it needs them."""

import mimetypes
from pathlib import Path

from aigc_demo.server.asgi import App, Message, Receive, Send

FOR_A_YEAR = b"public, max-age=31536000, immutable"  # an address with a digest never means another file


class Shipped:
    """Answer GET <under>NAME/FILE with the file of that name in `folder`; pass the rest on."""

    def __init__(self, app: App, under: str, folder: Path) -> None:
        self.app = app
        self.files = {
            under + path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
        }

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request; only a path that is one of ours, letter for letter, is answered from the disk."""
        path = self.files.get(scope["path"]) if scope["type"] == "http" else None
        if path is None or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        body = path.read_bytes()
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        headers = [
            (b"content-type", kind.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", FOR_A_YEAR if scope["query_string"] else b"no-cache"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body if scope["method"] == "GET" else b""})
