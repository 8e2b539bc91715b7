"""A request's body counted as it comes in, and cut off where there is too much of it."""

from collections.abc import Callable

from aigc_demo.web.asgi import App, Message, Receive, Refusal, Send, header, refuse


def announced(scope: Message) -> int:
    """The bytes a request says it brings; 0 where it does not say."""
    length = header(scope, "content-length")
    return int(length[:18]) if length.isascii() and length.isdigit() else 0


async def serve_metered(
    app: App, scope: Message, receive: Receive, send: Send, take: Callable[[int], bool], refusal: Refusal
) -> None:
    """Serve a request whose body `take` sees chunk by chunk, by size in bytes.

    Once it answers False the app is told that the client has left, what it says to that is dropped, and the client
    gets the refusal.
    """
    full = started = False

    async def count() -> Message:
        nonlocal full
        message = await receive()
        if full or (message["type"] == "http.request" and not take(len(message.get("body", b"")))):
            full = True
            return {"type": "http.disconnect"}
        return message

    async def answer(message: Message) -> None:
        nonlocal started
        if not full or started:
            started = True
            await send(message)

    try:
        await app(scope, count, answer)
    except Exception:
        if not full:  # an app whose client has left may raise what it likes
            raise
    if full and not started:
        await refuse(refusal, scope, send)
