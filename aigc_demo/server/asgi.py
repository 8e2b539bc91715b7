"""What the layers share: a request's headers, and a refusal in words.

Source: the ASGI specification, version 3.0, HTTP and WebSocket message formats.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from aigc_demo.core.words import Text

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Refusal:
    """Why a request goes no further: an HTTP status and a sentence."""

    status: int
    words: Text
    retry_after: int | None = None


class Check(ABC):
    """A layer that decides by a request's head alone."""

    def __init__(self, app: App) -> None:
        self.app = app

    @abstractmethod
    def refusal(self, scope: Message) -> Refusal | None:
        """Why this request is refused; None lets it pass."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        refusal = self.refusal(scope) if scope["type"] in ("http", "websocket") else None
        if refusal is None:
            await self.app(scope, receive, send)
        else:
            await refuse(refusal, scope, send)


async def refuse(refusal: Refusal, scope: Message, send: Send) -> None:
    """Answer with both sentences as plain text, which Gradio's own client shows as it is."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = f"{refusal.words.en}\n{refusal.words.zh}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    if refusal.retry_after:
        headers.append((b"retry-after", b"%d" % refusal.retry_after))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def header(scope: Message, name: str) -> str:
    """A request header; one that is sent several times reads as a list with commas, one that is not as ""."""
    wanted = name.lower().encode()
    return ",".join(value.decode("latin-1") for key, value in scope["headers"] if key.lower() == wanted)


def is_post_to(scope: Message, path: str) -> bool:
    """Whether this is a POST to `path`, with or without a slash at its end."""
    return scope["type"] == "http" and scope["method"] == "POST" and scope["path"].rstrip("/") == path
