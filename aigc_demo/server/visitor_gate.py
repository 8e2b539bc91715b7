"""The door of a public page: it gives visitors their cookie, notes what they bring, and keeps files to their owners.

Gradio serves every file in its cache to whoever knows the address. What we write for a visitor with a cookie lies in a
folder with their name, and what they upload is remembered until the app ends; both are refused to all others. Files of
visitors without a cookie are protected by their addresses alone, which hold a digest that is not to be guessed.
"""

import json
import os
import re
import threading
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any

from aigc_demo.server.visitor_names import COOKIE, NAME, TOKEN, new_token, visitor_of
from aigc_demo.server.visitors import Visitors

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
FILE = re.compile(r"/file[=/](.*)", re.DOTALL)  # the second is what Gradio called it once, and still answers
DAY = 86_400  # seconds


class Gate:
    """ASGI middleware, which also starts the sweep; a body passes piece by piece, and only an upload's answer, a list of paths, is also read."""

    def __init__(self, app: Callable[..., Awaitable[None]], visitors: Visitors) -> None:
        self.app, self.visitors = app, visitors

    async def __call__(self, scope: Message, receive: Callable[..., Any], send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":  # the server starts
            threading.Thread(target=self.visitors.sweep_on, name="sweep", daemon=True).start()
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        cookies, path = cookies_of(scope), scope["path"]
        if (asked := FILE.search(path)) and not self._is_for(visitor_of(cookies), asked[1]):
            await refuse(send)
        elif path.endswith("/upload") and scope["method"] == "POST":
            await self.app(scope, receive, self._noting(visitor_of(cookies), send))
        elif scope["method"] == "GET" and path in ("", "/") and not TOKEN.fullmatch(cookies.get(COOKIE, "")):
            await self.app(scope, receive, giving_cookie(scope, send))
        else:
            await self.app(scope, receive, send)

    def _is_for(self, visitor: str, path: str) -> bool:
        """Whether a file lies in no visitor's folder, in this one's, or in that of one without a cookie."""
        owners = [part for part in path.replace("\\", "/").lower().split("/") if NAME.fullmatch(part)]
        own = all(owner == visitor or owner.startswith("s") for owner in owners)
        return own and self.visitors.may_fetch(visitor, Path(os.path.normpath(path)))

    def _noting(self, name: str, send: Send) -> Send:
        """`send` that remembers the paths in the answer to an upload."""
        body = bytearray()

        async def note(message: Message) -> None:
            body.extend(message.get("body", b""))
            if name and message["type"] == "http.response.body" and not message.get("more_body"):
                self.visitors.keep_uploads(name, paths_in(bytes(body)))
            await send(message)

        return note


def cookies_of(scope: Message) -> dict[str, str]:
    """The request's cookies; none where the header cannot be read."""
    header = b"; ".join(value for name, value in scope["headers"] if name == b"cookie").decode("latin-1")
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}


def paths_in(body: bytes) -> list[Path]:
    """The paths of an upload's answer; none in that of one that was refused."""
    try:
        answer = json.loads(body)
    except ValueError:
        return []
    return [Path(path) for path in answer if isinstance(path, str)] if isinstance(answer, list) else []


def giving_cookie(scope: Message, send: Send) -> Send:
    """`send` that adds a new visitor's cookie. A Space stands in a frame, where a cookie has to be partitioned."""
    headers = dict(scope["headers"])
    https = scope.get("scheme") == "https" or headers.get(b"x-forwarded-proto", b"").startswith(b"https")
    place = "Secure; SameSite=None; Partitioned" if https else "SameSite=Lax"
    cookie = f"{COOKIE}={new_token()}; Path=/; Max-Age={DAY}; HttpOnly; {place}"

    async def give(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"set-cookie", cookie.encode())]}
        await send(message)

    return give


async def refuse(send: Send) -> None:
    """Answer as if there were no such file."""
    await send({"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"Not found"})
