"""Bytes that need not travel: text goes out compressed, and what the browser has already is not sent again.

Gradio compresses files by their names' endings alone, so not the page itself, which has a megabyte, nor JSON; it gives
the page no validator, and its scripts, whose names hold a digest of their content, no lifetime.
Source: RFC 9110, sections 8.4, 8.8.3, 12.5.3, 13.1.2; RFC 8246.
"""

import asyncio
import hashlib
import re
import zlib
from collections import OrderedDict
from functools import partial

import brotli

from aigc_demo.server.asgi import App, Message, Receive, Send, header

TEXT = frozenset(
    [
        "text/html",
        "text/css",
        "text/plain",
        "text/markdown",
        "text/javascript",
        "application/javascript",
        "application/json",
        "image/svg+xml",
    ]
)
LEAST = 1024  # bytes; below, the headers are what costs
LARGE = 64 << 10  # bytes from which on a thread of its own compresses
KEPT = 4  # pages, by their content, which stay compressed
FOREVER = b"public, max-age=31536000, immutable"
HASHED = re.compile(r"/assets/[^/]+-[\w-]{8,10}\.\w+")
Headers = list[tuple[bytes, bytes]]


class Compression:
    """Compress complete answers of text by brotli or gzip, and answer 304 where the browser shows that it has them.

    What comes in pieces, as event streams and files do, what is compressed or a part of a file, passes as it comes.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self._kept: OrderedDict[tuple[bytes, str], bytes] = OrderedDict()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start: Message = {}  # held until the first piece shows whether it is the only one

        async def pack(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": lasting(scope, message)}
                if is_text(message):
                    start.update(message)
                    return
            elif start:
                held = dict(start)
                start.clear()
                if not message.get("more_body"):
                    held, message = await self._pack(scope, held, message)
                await send(held)
            await send(message)

        await self.app(scope, receive, pack)

    async def _pack(self, scope: Message, start: Message, message: Message) -> tuple[Message, Message]:
        """Both messages of a complete answer, anew."""
        body, headers = message.get("body", b""), start["headers"]
        if len(body) < LEAST:
            return start, message
        digest = hashlib.sha256(body).digest()
        headers = with_header(headers, b"vary", b"Accept-Encoding", add=True)
        if scope["method"] in ("GET", "HEAD") and not find(headers, b"etag"):
            tag = f'W/"{digest.hex()[:32]}"'
            headers = with_header(headers, b"etag", tag.encode())
            if not find(headers, b"cache-control"):
                headers = with_header(headers, b"cache-control", b"private, no-cache")
            if tag in header(scope, "if-none-match"):
                bare = [(name, value) for name, value in headers if name.lower() not in OF_A_BODY]
                return {**start, "status": 304, "headers": bare}, {**message, "body": b""}
        if coding := best_coding(header(scope, "accept-encoding")):
            body = await self._compressed(body, digest, coding, find(headers, b"content-type"))
            headers = with_header(headers, b"content-encoding", coding.encode())
            if (tag := find(headers, b"etag")) and not tag.startswith(b"W/"):
                headers = with_header(headers, b"etag", b"W/" + tag)
            headers = with_header(headers, b"content-length", b"%d" % len(body))
        return {**start, "headers": headers}, {**message, "body": body}

    async def _compressed(self, body: bytes, digest: bytes, coding: str, kind: bytes) -> bytes:
        """`body` compressed: a page, which is the same for all, harder and once."""
        if not kind.startswith(b"text/html"):
            squeeze = partial(SQUEEZE[coding], body, 4)
            return await asyncio.to_thread(squeeze) if len(body) > LARGE else squeeze()
        if (digest, coding) not in self._kept:
            self._kept[digest, coding] = await asyncio.to_thread(SQUEEZE[coding], body, 9)
        self._kept.move_to_end((digest, coding))
        found = self._kept[digest, coding]
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found


OF_A_BODY = (b"content-length", b"content-type", b"content-encoding")


def by_gzip(body: bytes, level: int) -> bytes:
    """The gzip format (RFC 1952), without a time in it."""
    packer = zlib.compressobj(level, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def by_brotli(body: bytes, level: int) -> bytes:
    """Brotli (RFC 7932)."""
    return brotli.compress(body, mode=brotli.MODE_TEXT, quality=level)


SQUEEZE = {"br": by_brotli, "gzip": by_gzip}


def best_coding(accepted: str) -> str | None:
    """ "br" or "gzip", the first that is accepted; a weight of zero refuses."""
    offered = {}
    for entry in accepted.lower().split(","):
        name, _, weight = entry.partition(";")
        offered[name.strip()] = not re.fullmatch(r"\s*q=0(\.0*)?\s*", weight)
    return next((coding for coding in SQUEEZE if offered.get(coding)), None)


def is_text(start: Message) -> bool:
    """Whether an answer is a text that nobody has compressed, and whole."""
    headers = start["headers"]
    kind = find(headers, b"content-type").split(b";")[0].strip().lower().decode("latin-1")
    return start["status"] == 200 and kind in TEXT and not find(headers, b"content-encoding")


def lasting(scope: Message, start: Message) -> Headers:
    """The headers; of what never changes under its address, with that said."""
    versioned = scope["path"].endswith("/theme.css") and scope["query_string"].startswith(b"v=")
    if start["status"] in (200, 304) and (versioned or HASHED.fullmatch(scope["path"])):
        return with_header(start["headers"], b"cache-control", FOREVER)
    return start["headers"]


def find(headers: Headers, name: bytes) -> bytes:
    """The value of a header, b"" where there is none."""
    return next((value for key, value in headers if key.lower() == name), b"")


def with_header(headers: Headers, name: bytes, value: bytes, add: bool = False) -> Headers:
    """The headers with one in place of its like; `add`: after what its like said."""
    if add and (before := find(headers, name)):
        value = before if value.lower() in before.lower() else before + b", " + value
    return [*((key, old) for key, old in headers if key.lower() != name), (name, value)]
