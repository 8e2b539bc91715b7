"""Which models the servers have: asked in the background and remembered, so that no page waits for a server."""

import logging
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.families.remote import wire
from aigc_demo.families.remote.troubles import not_understood
from aigc_demo.models.cards import ModelCard

log = logging.getLogger(__name__)
FRESH_SECONDS = 30.0
FIRST_WAIT_SECONDS = 2.5  # the command line has no second look; a page may miss a slow server at first
MOST = 100
Does = Literal["chat", "draw"]


class ServedCard(ModelCard):
    """A card that knows its server; the address stays out of everything that is shown, stored or sent."""

    server: str = Field(exclude=True, repr=False)
    name: str = Field(exclude=True)


@dataclass(frozen=True)
class Standing:
    """How a server stands: what it does, whether it answered the last time, why not, and its models."""

    does: Does
    answers: bool
    trouble: InputError | None
    cards: tuple[ServedCard, ...]


@lru_cache(maxsize=8)
def directory(url: str, does: Does) -> "Directory":
    """The one directory of a server in this process."""
    return Directory(url, does)


class Directory:
    """What one server has. `standing` never waits, but for a moment in all before the first answer."""

    def __init__(self, url: str, does: Does) -> None:
        self.url, self.does = url.rstrip("/"), does
        self._standing = Standing(does, False, None, ())
        self._asked = float("-inf")
        self._patience: float | None = None  # until when, on the clock
        self._lock = threading.Lock()
        self._answered = threading.Event()

    def standing(self) -> Standing:
        """As it was at the last answer; older than half a minute, it is asked again meanwhile."""
        if self.does == "draw":
            return Standing("draw", True, None, (image_card(self.url),))  # an endpoint has nothing to ask for
        with self._lock:
            due = time.monotonic() - self._asked > FRESH_SECONDS
            if due:
                self._asked = time.monotonic()
                self._patience = self._patience or self._asked + FIRST_WAIT_SECONDS
        if due:
            threading.Thread(target=self.refresh, daemon=True, name="served models").start()
        self._answered.wait(max(0.0, (self._patience or 0.0) - time.monotonic()))
        return self._standing

    def refresh(self) -> None:
        """Ask now, and remember what is said."""
        try:
            found = wire.get_json(f"{self.url}/models")
            cards = tuple(text_card(self.url, name) for name in names(found))
            self._standing = Standing(self.does, True, None, cards)
        except InputError as error:
            log.warning("the text server: %s", error.text.en)
            self._standing = Standing(self.does, False, error, self._standing.cards)
        self._answered.set()


def names(found: Any) -> list[str]:
    """The ids in the answer to GET /v1/models: {"data": [{"id": ...}, ...]}, each short and printable."""
    entries = found.get("data") if isinstance(found, dict) else None
    if not isinstance(entries, list):
        raise not_understood()
    ids = [entry.get("id") for entry in entries if isinstance(entry, dict)]
    good = [name for name in ids if isinstance(name, str) and 0 < len(name) <= 150 and name.isprintable()]
    return list(dict.fromkeys(good))[:MOST]


def text_card(server: str, name: str) -> ServedCard:
    """The card of a language model that a server names; what it is made of, only who runs the server knows."""
    summary = Text(
        en="Runs on the text server of this app, which receives what you write.",
        zh="运行在本应用的文本服务器上；您输入的内容会发送到该服务器。",
    )
    short = name.rsplit("/", 1)[-1]
    title = Text(en=f"{short}, on the server", zh=f"{short}（服务器）")
    return _card(server, name, "text", ("text", "chat"), title, summary)


def image_card(server: str) -> ServedCard:
    """The card of the endpoint that draws."""
    summary = Text(
        en="Runs on the image server of this app, which receives what you write.",
        zh="运行在本应用的图像服务器上；您输入的内容会发送到该服务器。",
    )
    title = Text(en="the image server", zh="图像服务器")
    return _card(server.rstrip("/"), "image", "image", ("draw",), title, summary)


def _card(server: str, name: str, kind: str, tasks: Any, title: Text, summary: Text) -> ServedCard:
    return ServedCard(
        id=f"server/{name}",
        folder=Path(),
        family="remote",
        kind=kind,
        tasks=tasks,
        title=title,
        summary=summary,
        parameters=0,
        licence="unknown",
        data="unknown",
        language="en",
        revision="served",
        server=server,
        name=name,
    )
