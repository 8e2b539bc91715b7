"""A visitor without a browser: opens the page, uploads, and calls its handlers with the requests that its scripts send."""

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

API = "gradio_api"
FULL = 503
TRIES, PAUSE = 240, 0.5  # seconds between two tries


@dataclass
class Answer:
    """What came back: the status of the request, every message as it was sent, and what the last one says."""

    status: int
    text: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def last(self) -> dict[str, Any]:
        """The message with which the call ended; empty where it was not taken."""
        done = [message for message in self.messages if message.get("msg") == "process_completed"]
        return done[-1] if done else {}

    @property
    def ok(self) -> bool:
        """Whether the handler came to its end."""
        return bool(self.last.get("success"))

    @property
    def said(self) -> str:
        """What the visitor is told: the error, or the toasts."""
        toasts = [str(message.get("log")) for message in self.messages if message.get("msg") == "log"]
        return " ".join([*toasts, str(self.last.get("output", {}).get("error") or "")]).strip()

    @property
    def data(self) -> list[Any]:
        """What the handler returned, a value for each of its outputs."""
        return self.last.get("output", {}).get("data") or []


class Caller:
    """One visitor with cookies and a session of their own. Errors of the network are httpx's."""

    def __init__(self, url: str, password: str = "", seconds: float = 120.0) -> None:
        self.http = httpx.Client(base_url=url, timeout=seconds)
        self.session, self.password = secrets.token_hex(8), password
        self.full = 0  # calls that were told to come again, since the queue was full

    def open(self) -> "Caller":
        """Log in if need be, and read the page and what it consists of."""
        self.http.get("/").raise_for_status()
        if self.password:
            login = {"username": "guest", "password": self.password}
            self.http.post("/login", data=login).raise_for_status()
        self.config = self.http.get("/config").raise_for_status().json()
        self.parts = {part["id"]: part for part in self.config["components"]}
        self.handlers = {each["id"]: each for each in self.config["dependencies"]}
        self.endpoints = self.http.get(f"/{API}/info").raise_for_status().json()["named_endpoints"]
        return self

    def reload(self) -> None:
        """Begin a new session of Gradio's, as the browser does when the page is loaded again."""
        self.session = secrets.token_hex(8)

    def upload(self, name: str, data: bytes) -> dict[str, Any]:
        """Upload a file; what a handler is given for it."""
        answer = self.http.post(f"/{API}/upload", files={"files": (name, data)}).raise_for_status()
        return {"path": answer.json()[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}

    def fetch(self, path: str) -> httpx.Response:
        """A file by its path on the server."""
        return self.http.get(f"/{API}/file={path}")

    def ask(self, name: str, /, **fields: Any) -> Answer:
        """Call a named endpoint and wait for its end."""
        return self.call(*self.asked(name, **fields))

    def asked(self, name: str, /, **fields: Any) -> tuple[int, list[Any]]:
        """The handler of a named endpoint and what it is given; fields that are not given take their defaults."""
        handler = next(each for each in self.handlers.values() if each["api_name"] == name)
        wanted = self.endpoints[f"/{name}"]["parameters"]
        data = [fields.get(each["parameter_name"], each.get("parameter_default")) for each in wanted]
        return handler["id"], data

    def press(self, elem_id: str, event: str = "click", **given: Any) -> Answer:
        """Do what the page does on an event of a component; `given` are values of inputs by their elem_id, - as _."""
        target = next(part["id"] for part in self.parts.values() if part["props"].get("elem_id") == elem_id)
        handler = next(
            each
            for each in self.handlers.values()
            if [target, event] in each["targets"] and each["backend_fn"]
        )
        return self.call(handler["id"], [self._value(each, given) for each in handler["inputs"]])

    def _value(self, component: int, given: dict[str, Any]) -> Any:
        props = self.parts[component]["props"]
        return given.get((props.get("elem_id") or "").replace("-", "_"), props.get("value"))

    def call(self, handler: int, data: list[Any], event_data: Any = None) -> Answer:
        """Call a handler by its number, as a page or a forger would, again while the queue is full; wait for its end."""
        joined = self.join(handler, data, event_data)
        for _ in range(TRIES):
            if joined.status_code != FULL:
                break
            self.full += 1
            time.sleep(PAUSE)
            joined = self.join(handler, data, event_data)
        if joined.status_code != 200:
            return Answer(joined.status_code, joined.text)
        return self._follow(joined.json()["event_id"])

    def join(self, handler: int, data: list[Any], event_data: Any = None) -> httpx.Response:
        """Line up a call. NaN and other values that JSON lacks are sent as Python writes them."""
        asked = {"data": data, "fn_index": handler, "session_hash": self.session, "event_data": event_data}
        headers = {"content-type": "application/json"}
        return self.http.post(f"/{API}/queue/join", content=json.dumps(asked), headers=headers)

    def _follow(self, event: str) -> Answer:
        """Read the session's messages until the call has ended."""
        answer, lines = Answer(200), []
        with self.http.stream("GET", f"/{API}/queue/data", params={"session_hash": self.session}) as stream:
            answer.status = stream.status_code
            for line in stream.iter_lines():
                if not line.startswith("data:"):
                    continue
                lines.append(line)
                message = json.loads(line[5:])
                answer.messages.append(message)
                if message["msg"] == "process_completed" and message.get("event_id") == event:
                    break
        answer.text = "\n".join(lines)
        return answer
