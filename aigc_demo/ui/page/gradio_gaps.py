"""What Gradio 6.31 lacks or does otherwise than this page needs, made up for here alone: a function or a class a gap.

Each says in its docstring what Gradio does; tests/ui/test_gradio_gaps.py shows it, so that a newer Gradio tells which of
them can go.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, get_args, get_origin
from urllib.parse import quote

import gradio as gr
from fastapi import Request
from fastapi.responses import PlainTextResponse, Response
from gradio import http_server
from gradio.context import LocalContext
from gradio.processing_utils import save_file_to_cache
from gradio.route_utils import FnIndexInferError
from gradio.routes import App
from gradio.state_holder import SessionState, StateHolder
from gradio.utils import get_upload_folder, is_in_or_equal

from aigc_demo.core.errors import InputError
from aigc_demo.core.failures import told
from aigc_demo.core.words import Text
from aigc_demo.ui.page.language import language_of
from aigc_demo.ui.page.toasts import refusal

log = logging.getLogger(__name__)
FORGED = Text(
    "This input does not fit; reload the page and try again, or read API.md.",
    "输入不符合要求；请刷新网页后重试，或查看 API.md。",
)
Message = MutableMapping[str, Any]


# What is sent to a handler


class Page(gr.Blocks):
    """Gradio writes an input that it refuses, and where, to the log, and takes our refusals for bugs.

    Every handler is a private endpoint, too, which whoever can reach the page may call with anything. Here what a
    component refuses becomes a sentence, and the log names the handler alone. A refusal of our own, or of the disk,
    becomes a sentence even where the handler is not `polite`; what else goes wrong in a handler is a bug, and is logged
    as such.
    """

    asking: ClassVar[ContextVar[Any]] = ContextVar("asking", default=None)

    async def process_api(
        self,
        block_fn: Any,
        inputs: list[Any],
        state: Any = None,
        request: Any = None,
        *arguments: Any,
        **options: Any,
    ) -> Any:
        """As Gradio does, and what is refused before a handler is called can be said in the visitor's language."""
        self.asking.set(request[0] if isinstance(request, list) else request)
        return await super().process_api(block_fn, inputs, state, request, *arguments, **options)

    async def preprocess_data(self, block_fn: Any, *arguments: Any, **options: Any) -> Any:
        """As Gradio does, with one sentence for all that its own page cannot have sent."""
        try:
            return await super().preprocess_data(block_fn, *arguments, **options)
        except Exception as error:
            log.warning("%s: refused input (%s)", block_fn.name, type(error).__name__)
            raise refusal(FORGED.say(language_of(self.asking.get()))) from error

    async def call_function(
        self,
        block_fn: Any,
        processed_input: list[Any],
        iterator: Any = None,
        requests: Any = None,
        *arguments: Any,
        **options: Any,
    ) -> Any:
        """As Gradio does, with an InputError as its sentence, and what the system refuses as one."""
        try:
            return await super().call_function(
                block_fn, processed_input, iterator, requests, *arguments, **options
            )
        except Exception as error:
            if not (said := told(error)):
                raise
            visitor = requests[0] if isinstance(requests, list) else requests
            raise refusal(said.say(language_of(visitor))) from error


def when_chosen(chooser: gr.Dropdown) -> Callable[..., Any]:
    """gr.Dropdown says `input` whenever it is left, too: as it was, or a second time after a choice.

    Here what connects a handler to another choice by hand: an `input` with the value that the list had when it was
    entered, or that was told already, ends in the browser. Called once a list; several handlers may follow.
    """
    told = f"(window.aigcChosen ??= {{}})[{chooser._id}]"
    chooser.focus(None, chooser, None, js=f"(value) => {{ {told} = value; }}")
    changed = f"(value) => {{ if ({told} === value) throw 'left as it was'; {told} = value; }}"
    return chooser.input(None, chooser, None, js=changed).success


def event_value(event: gr.EventData, key: str) -> Any:
    """gr.EventData looks for an attribute inside whatever was sent, and fails where a forged event is no object.

    Here the value under `key`; None where there is none.
    """
    try:
        return getattr(event, key, None)
    except TypeError:
        return None


def current_visitor() -> gr.Request | None:
    """Gradio hands its request to a handler that names it, but not to what the handler calls.

    Here the request that this thread serves; None where nobody asks, as while the page is built.
    """
    return LocalContext.request.get(None)


def uploaded_path(value: Any) -> str:
    """Gradio checks that a FileData lies in its upload folder, but only what is marked as one.

    Here the path of a file that a program has uploaded, "" for none; never a path of the program's own invention.
    """
    if not value:
        return ""
    marked = isinstance(value, dict) and (value.get("meta") or {}).get("_type") == "gradio.FileData"
    if marked and value.get("path"):
        return str(value["path"])
    raise InputError(
        en="A picture has to be uploaded: send it with gradio_client's handle_file.",
        zh="图片需要先上传：请用 gradio_client 的 handle_file 发送。",
    )


def image_as_sent(**options: Any) -> gr.Image:
    """gr.Image opens a file before a handler can refuse it in words, and keeps a copy that belongs to nobody.

    Here a picture whose handlers are given the path that was sent.
    """
    picture = gr.Image(type="filepath", **options)
    picture.preprocess = lambda sent: sent.path if sent else None
    return picture


def api_type(annotation: Any) -> Any:
    """gr.api derives no type from a Literal or from the items of a list: here a string, or the list alone."""
    if get_origin(annotation) is list:
        return list
    return str if get_args(annotation) else annotation


# What a handler sends


def small_last(updates: Iterable[Any], last: Any) -> Iterator[Any]:
    """Gradio sends the last update of a stream twice: here a small one follows the rest."""
    yield from updates
    yield last


def progress_in_one_place(page: gr.Blocks, place: gr.components.Component) -> None:
    """The browser looks each component that shows progress up in the whole page, even where progress is hidden.

    Here an event that hides its progress hides it in `place` alone. Call it when all events are connected.
    """
    for event in page.fns.values():
        if event.show_progress == "hidden" and event.outputs:
            event.show_progress_on = [place]


def download_when_pressed(
    label: Any,
    elem_id: str,
    write: Callable[..., str | None],
    inputs: Any,
    visible: bool = True,
    **options: Any,
) -> gr.Button:
    """A DownloadButton sends the file that it had before it was pressed: here one that `write` makes when it is.

    The handler of the button that is seen gives the path to a DownloadButton, which a script then presses. The page's
    own style hides it: what Gradio hides (visible="hidden") it shows as soon as a row around it is shown again.
    """
    button = gr.Button(label, size="sm", elem_id=elem_id, visible=visible)
    target = gr.DownloadButton(elem_id=f"{elem_id}-file", elem_classes="file-to-hand-over")
    made = button.click(write, inputs, target, **options)
    made.success(None, None, None, js=f"() => document.querySelector('#{elem_id}-file').click()")
    return button


def file_address(path: Path) -> str:
    """Gradio serves the files that its components return, and no others.

    Here the address of a file that we wrote, relative to the page; of a copy, unless it is in Gradio's cache.
    """
    cache = get_upload_folder()
    kept = path.absolute() if is_in_or_equal(path, cache) else save_file_to_cache(path, cache_dir=cache)
    return "gradio_api/file=" + quote(str(kept))


# The server


class FirstInHead:
    """What `launch(head=...)` adds is put into the page by Gradio's own scripts, too late to settle the language.

    Here, as ASGI middleware, `script` stands at the very start of the page's head; all else passes untouched.
    """

    def __init__(self, app: Callable[..., Awaitable[None]], script: str) -> None:
        self.app = app
        self.script = script.encode()

    async def __call__(self, scope: Message, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        """Serve one request."""
        if (
            scope["type"] != "http"
            or scope["method"] not in ("GET", "HEAD")
            or scope["path"] not in ("/", "")
        ):
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            page = bytes(body).replace(b"<head>", b"<head>" + self.script, 1)
            headers = [(k, v) for k, v in start["headers"] if k.lower() != b"content-length"]
            start["headers"] = [*headers, (b"content-length", str(len(page)).encode())]
            await send(start)
            await send({"type": "http.response.body", "body": page})

        await self.app(scope, receive, hold)


async def no_such_endpoint(request: Request, error: Exception) -> Response:
    """Gradio fails with status 500 where a program calls an unknown name, and logs where: here it is told so."""
    return PlainTextResponse(
        "There is no such endpoint; /gradio_api/info lists those there are.\n"
        "没有这个接口；所有接口见 /gradio_api/info。\n",
        status_code=404,
    )


def exception_handlers() -> dict[type[Exception], Callable[..., Awaitable[Response]]]:
    """`app_kwargs` for `no_such_endpoint`: the error has no public name."""
    return {FnIndexInferError: no_such_endpoint}


def listen_on(name: str) -> str:
    """Gradio tries a port by an IPv4 socket on GRADIO_SERVER_NAME, and so finds none free where that is an IPv6 address.

    Here the argument of `launch` for the name; an IPv6 address is tried on this computer's own IPv4 address.
    """
    if ":" in name:
        http_server.LOCALHOST_NAME = "127.0.0.1"
    return name


def without_self_call() -> Mapping[str, Any]:
    """Arguments of `launch`, which calls its own page and gives up where a busy machine takes three seconds: not here."""
    return {"_frontend": False}


class Session(SessionState):
    """Gradio builds for every session a copy of the whole page with all that is typed into it.

    It serves links that restore a page, which are closed here (see server/checks.py). Here a session has the values of
    its gr.State and the components that handlers have replaced.
    """

    def __init__(self, blocks: Any) -> None:
        super().__init__(SimpleNamespace(default_config=blocks.default_config, blocks={}))

    def __setitem__(self, key: int, value: Any) -> None:
        super().__setitem__(key, value)
        self.config_values.clear()

    def _update_config(self, key: int) -> None:
        """Nothing: there is no copy to keep in step."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Nothing: there is no copy to keep in step."""


class Sessions(StateHolder):
    """Gradio lets go of a session only when `state_session_capacity` others have come.

    Here the one not used for longest goes first, and after `seconds` without use each goes, as files do.
    """

    def __init__(self, seconds: float | None) -> None:
        super().__init__()
        self.idle = timedelta(seconds=seconds) if seconds else timedelta.max

    def __getitem__(self, session_id: str) -> SessionState:
        """The session, made where there is none."""
        if session_id not in self.session_data:
            self.session_data[session_id] = Session(self.blocks)
        return super().__getitem__(session_id)

    def delete_all_expired_state(self) -> None:
        """As Gradio does every second; then forget whoever has not come for too long."""
        super().delete_all_expired_state()
        now = datetime.now()
        for session_id, used in list(self.time_last_used.items()):
            if now - used > self.idle:
                self.forget(session_id)

    def forget(self, session_id: str) -> None:
        """Let go of all that is kept for a session; it begins anew with the next request."""
        with self.lock:
            self.session_data.pop(session_id, None)
            self.time_last_used.pop(session_id, None)

    def reopen(self, session_id: str) -> None:
        """A page that was thought to be left is there again: what it keeps does not go within the hour."""
        if session := self.session_data.get(session_id):
            session.is_closed = False

    @asynccontextmanager
    async def lifespan(self, app: App) -> AsyncIterator[None]:
        """Take the place of Gradio's own holder before the first request."""
        self.set_blocks(app.get_blocks())
        app.state_holder = self
        yield
