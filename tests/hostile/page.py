"""A visitor without a browser: uploads files to a running page and calls its handlers, also those that no client lists."""

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx

FAR = 60.0  # seconds after which work counts as hung


@dataclass
class Answer:
    """What one call came to: whether it was done, what was said, how long it took."""

    done: bool
    said: list[str]
    seconds: float
    data: list[Any] = field(default_factory=list)


class Page:
    """One session of a page at `url`."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=10 * FAR)
        self.config = self.http.get("/config").json()
        self.components = {item["id"]: item for item in self.config["components"]}

    def close(self) -> None:
        """End the session."""
        self.http.close()

    def upload(self, name: str, data: bytes) -> dict[str, Any] | None:
        """A file as a handler takes it; None where the upload itself was refused."""
        answer = self.http.post("/gradio_api/upload", files={"files": (name, data)})
        if answer.status_code >= 500:
            raise AssertionError(f"upload of {name!r}: {answer.status_code} {answer.text}")
        if answer.status_code != 200:
            return None
        return {"path": answer.json()[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}

    def handler(self, elem_id: str, event: str) -> dict[str, Any]:
        """What is called when `event` happens to the component of this id."""
        own = next(
            number for number, item in self.components.items() if item["props"].get("elem_id") == elem_id
        )
        return next(
            call for call in self.config["dependencies"] if [own, event] in [list(t) for t in call["targets"]]
        )

    def values(self, call: dict[str, Any], **given: Any) -> list[Any]:
        """The inputs of a call: `given` by element id (_ for -), the others as the page shows them at first."""
        found = []
        for number in call["inputs"]:
            props = self.components[number]["props"]
            found.append(given.get((props.get("elem_id") or "").replace("-", "_"), props.get("value")))
        return found

    def call(self, call: dict[str, Any], data: list[Any]) -> Answer:
        """Join the queue and wait for the end."""
        session, begun, said = uuid.uuid4().hex, time.monotonic(), []
        body = {"fn_index": call["id"], "data": data, "session_hash": session}
        joined = self.http.post("/gradio_api/queue/join", json=body)
        if joined.status_code != 200:
            return Answer(False, [joined.text], time.monotonic() - begun)
        with self.http.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
            for line in stream.iter_lines():
                message = json.loads(line[6:]) if line.startswith("data: ") else {}
                if message.get("msg") == "log":
                    said.append(message["log"])
                elif message.get("msg") in ("process_completed", "unexpected_error"):
                    output = message.get("output") or {}
                    said += [output["error"]] if output.get("error") else []
                    said += [message["message"]] if message.get("message") else []
                    seconds = time.monotonic() - begun
                    return Answer(bool(message.get("success")), said, seconds, output.get("data") or [])
        return Answer(False, ["the stream ended"], time.monotonic() - begun)

    def named(self, name: str) -> dict[str, Any]:
        """A public endpoint."""
        return next(call for call in self.config["dependencies"] if call["api_name"] == name)

    def ask(self, name: str, **given: Any) -> Answer:
        """Call a public endpoint with parameters by name."""
        begun = time.monotonic()
        joined = self.http.post(f"/gradio_api/call/v2/{name}", json=given)
        if joined.status_code != 200:
            return Answer(False, [joined.text], time.monotonic() - begun)
        found = (
            self.http.get(f"/gradio_api/call/{name}/{joined.json()['event_id']}").text.strip().splitlines()
        )
        event, data = found[-2].removeprefix("event: "), json.loads(found[-1].removeprefix("data: "))
        done = event == "complete"
        return Answer(
            done,
            [] if done else [json.dumps(data, ensure_ascii=False)],
            time.monotonic() - begun,
            data if done else [],
        )
