"""One request to a server: tried again where that may help, a sentence where it fails, closed when the reader stops.

A server may be silent for long: it loads a model, or many readers wait. So the connection is read in a thread of its
own, and the reader's stop is heard meanwhile; the thread closes the connection as soon as it hears from the server.
"""

import json
import os
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any, TypeVar

from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.core.stopping import Stop
from aigc_demo.families.remote.troubles import not_understood, passing, refused, translated

T = TypeVar("T")
CONNECT_SECONDS, SILENCE_SECONDS = 4.0, 180.0  # a server may load its model before the first token
LIST_SECONDS = 3.0
PAUSES = (0.5, 1.5)  # seconds before the second and the third try
POLL_SECONDS = 0.1
LARGEST_LIST = 2**20


def key() -> str:
    """The key for the servers. Never empty: the hub's client would send the hub's own token instead."""
    return os.environ.get("AIGC_SERVER_KEY") or "none"


def timeouts() -> tuple[float, float, float, float]:
    """Seconds to connect, of silence, to send, and to wait for a free connection."""
    return (CONNECT_SECONDS, SILENCE_SECONDS, CONNECT_SECONDS, CONNECT_SECONDS)


def get_json(url: str) -> Any:
    """What a server answers to a GET, parsed; an InputError where it does not."""
    from huggingface_hub import get_session

    headers = {"Authorization": f"Bearer {key()}"}
    try:
        with get_session().stream("GET", url, headers=headers, timeout=LIST_SECONDS) as response:
            if response.status_code != 200:
                raise refused(response.status_code)
            body = bytearray()
            for block in response.iter_bytes():
                body += block
                if len(body) > LARGEST_LIST:
                    raise not_understood()
        return json.loads(body)
    except InputError:
        raise
    except Exception as error:
        raise translated(error, begun=False) from error


def events(url: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The objects of a stream of server-sent events (`data: {...}` lines) that a POST opens."""
    from huggingface_hub import get_session
    from huggingface_hub.utils import hf_raise_for_status

    headers = {"Authorization": f"Bearer {key()}"}
    with get_session().stream("POST", url, json=body, headers=headers, timeout=timeouts()) as response:
        if response.status_code != 200:
            response.read()
        hf_raise_for_status(response)
        for line in response.iter_lines():
            data = line.removeprefix("data:").strip()
            if not line.startswith("data:") or not data:
                continue
            if data == "[DONE]":
                return
            yield json.loads(data)


def patient(start: Callable[[], Generator[T, None, None]], stop: Stop) -> Iterator[T]:
    """The items of `start()`, which is begun anew up to twice while the server is only busy and has said nothing.

    Ends early when `stop()` turns true. Errors become an InputError.
    """
    for pause in (*PAUSES, None):
        begun = False
        try:
            for item in attentive(start, stop):
                begun = True
                yield item
            return
        except (InputError, Stopped):
            raise
        except Exception as error:
            if begun or pause is None or not passing(error):
                raise translated(error, begun) from error
        if _stopped_within(pause, stop):
            return


def attentive(start: Callable[[], Generator[T, None, None]], stop: Stop) -> Iterator[T]:
    """The items of `start()`, read in a thread, so that `stop` ends the wait for the next within a tenth of a second."""
    ended = object()
    closed = threading.Event()
    items: queue.Queue[Any] = queue.Queue()

    def read() -> None:
        source = start()
        try:
            for item in source:
                if closed.is_set():
                    return
                items.put((item, None))
            items.put((ended, None))
        except Exception as error:
            items.put((ended, error))
        finally:
            source.close()

    threading.Thread(target=read, daemon=True, name="from a server").start()
    try:
        while not stop():
            try:
                item, error = items.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue
            if error is not None:
                raise error
            if item is ended:
                return
            yield item
    finally:
        closed.set()


def _stopped_within(seconds: float, stop: Stop) -> bool:
    """Wait; True as soon as the reader stops."""
    pause = threading.Event()
    for _ in range(round(seconds / POLL_SECONDS)):
        if stop():
            return True
        pause.wait(POLL_SECONDS)
    return stop()
