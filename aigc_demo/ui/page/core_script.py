"""Gradio's script that builds the page, with two searches made look-ups.

A gap of Gradio 6.31's like those in gradio_gaps.py: as the page opens, its script goes through all events for each
component, and through all components for each value that an event reads or writes; with a thousand components and
some hundreds of events that is most of the time until the page answers. Here the same two functions remember what
they found. A script in which they are not found passes as it is.
"""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from aigc_demo.ui.page.front_page import answer

Message = MutableMapping[str, Any]
SCRIPT = re.compile(r"/assets/core-[\w-]+\.js")
EVENTS = (
    "let n=t.filter(t=>t.targets.find(([t])=>t===e.id)).map(t=>{let n=t.targets.find(([t])=>t===e.id);"
    "return n?n[1]:null}).filter(Boolean);return e.props.shared_props.attached_events=n,e}",
    # by component the names of the events that start something, of each event's targets the first
    "let c=globalThis.aigcEvents??=new WeakMap,m=c.get(t);if(!m){c.set(t,m=new Map);"
    "for(const d of t){const seen=new Set;for(const[i,n]of d.targets)if(!seen.has(i)){seen.add(i);"
    "if(n)m.has(i)?m.get(i).push(n):m.set(i,[n])}}}"
    "return e.props.shared_props.attached_events=m.get(e.id)??[],e}",
)
FIND = (
    "function Z(e,t){if(e.id===t)return e;if(e.children)for(let n of e.children){let e=Z(n,t);if(e)return e}return null}",
    # by the root of the tree, whose parts stay the same objects while nothing is rendered anew
    "function Z(e,t){let c=globalThis.aigcParts??=new WeakMap,m=c.get(e);if(!m)c.set(e,m=new Map);"
    "if(!m.has(t)){let f=p=>{m.set(p.id,p);if(p.children)for(let q of p.children)f(q)};f(e);if(!m.has(t))m.set(t,null)}"
    "return m.get(t)}",
)


class CoreScript:
    """ASGI middleware: the script from memory, once it was asked for; all else passes."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app
        self._made: dict[str, bytes] = {}

    async def __call__(self, scope: Message, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        """Serve one request."""
        path = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] != "GET" or not SCRIPT.fullmatch(path):
            await self.app(scope, receive, send)
            return
        if path not in self._made:
            made: list[Message] = []

            async def collect(message: Message) -> None:
                made.append(message)

            await self.app({**scope, "headers": []}, receive, collect)
            if made[0]["status"] != 200:
                for message in made:
                    await send(message)
                return
            self._made[path] = quick(
                b"".join(message.get("body", b"") for message in made[1:]).decode()
            ).encode()
        await answer(send, self._made[path], b"text/javascript; charset=utf-8")


def quick(script: str) -> str:
    """The script with its two searches replaced."""
    for slow, fast in (EVENTS, FIND):
        script = script.replace(slow, fast)
    return script
