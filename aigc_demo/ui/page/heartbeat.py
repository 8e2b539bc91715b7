"""Who is still there, without a connection that stays open: a gap of Gradio's like those in gradio_gaps.py.

Gradio's page keeps one event stream open for as long as it is open. A browser opens six connections to a host at a time
by HTTP/1.1, over all its tabs: the sixth tab waits for ever. Here the page sends a short request now and then, and one
more when it is left; the server holds Gradio's own stream in its place and lets it break off when the page is left, when
nothing has come for too long, or when the page's stream of results breaks. What Gradio does then is Gradio's.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from aigc_demo.ui.page.gradio_gaps import Sessions
from aigc_demo.ui.page.theme import asset

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
BEAT = re.compile(r"/gradio_api/heartbeat/(\w{1,64})")
RESULTS = "/gradio_api/queue/data"
GONE = 200.0  # seconds without a sign; a page in the background sends one a minute
BREAK = 0.5  # seconds within which a page that is still there opens its stream of results again
MOST = 2000  # pages that are held


def heartbeat_script() -> str:
    """The page's part, which has to run before Gradio's own scripts."""
    return f"<script>{asset('heartbeat.js')}</script>"


@dataclass
class Visit:
    """An open page: when it last gave a sign, whether it was left, and how many streams of results it reads."""

    seen: float
    left: asyncio.Event = field(default_factory=asyncio.Event)
    reading: int = 0


class Heartbeats:
    """ASGI middleware: POST to a session's heartbeat is a sign of life, with ?left one of leaving; all else passes."""

    def __init__(self, app: Callable[..., Awaitable[None]], sessions: Sessions) -> None:
        self.app, self.sessions = app, sessions
        self._visits: dict[str, Visit] = {}
        self._held: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if scope["method"] == "POST" and (beat := BEAT.fullmatch(scope["path"])):
            if "left" in query:
                self._leave(beat[1])
            else:
                self._stay(beat[1], scope)
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        elif scope["path"] == RESULTS and (visit := self._visits.get(query.get("session_hash", [""])[0])):
            await self._watch(visit, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _stay(self, session: str, scope: Message) -> None:
        """A sign of life: the first of a session starts to hold its stream."""
        now = asyncio.get_running_loop().time()
        if visit := self._visits.get(session):
            visit.seen = now
        elif len(self._visits) < MOST:
            self._visits[session] = Visit(now)
            self.sessions.reopen(session)
            task = asyncio.create_task(self._hold(session, scope))
            self._held.add(task)
            task.add_done_callback(self._held.discard)

    def _leave(self, session: str) -> None:
        if visit := self._visits.pop(session, None):
            visit.left.set()

    async def _hold(self, session: str, scope: Message) -> None:
        """Read Gradio's stream in the page's place until the page is gone."""
        visit, clock = self._visits[session], asyncio.get_running_loop().time

        async def until_gone() -> Message:
            while not visit.left.is_set() and (visit.reading or clock() < visit.seen + GONE):
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(visit.left.wait(), max(1.0, visit.seen + GONE - clock()))
            if self._visits.get(session) is visit:
                del self._visits[session]
            return {"type": "http.disconnect"}

        async def drop(message: Message) -> None:
            """Nobody reads it."""

        held = {
            **scope,
            "method": "GET",
            "query_string": b"",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
        }
        await self.app(held, until_gone, drop)

    async def _watch(self, visit: Visit, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a stream of results on; the page is gone where it breaks off before its end and is not opened anew."""
        complete = False

        async def listen() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect" and not complete:
                asyncio.get_running_loop().call_later(BREAK, lambda: visit.reading or visit.left.set())
            return message

        async def note(message: Message) -> None:
            nonlocal complete
            complete = complete or (message["type"] == "http.response.body" and not message.get("more_body"))
            await send(message)

        visit.reading += 1
        try:
            await self.app(scope, listen, note)
        finally:
            visit.reading -= 1
