"""One real server a mode, started once, on tiny models; and a client that sends exactly what it is told."""

import http.client
import json
import urllib.parse
import uuid
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from aigc_demo.core.settings import Settings
from aigc_demo.ui import build_app

PASSWORD = "a password of this test"
BOUNDARY = "probe-boundary"
HUNG_UP = 0  # in place of a status: the server closed the connection on what it was being sent


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: dict
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")


@dataclass
class Site:
    """A running page: its mode, its port, and in share mode the cookie of somebody who has logged in."""

    mode: str
    port: int
    settings: Settings | None = None
    app: object = None
    cookie: str = ""

    def send(self, path, method="GET", headers=(), body=b"", login=True, chunked=False):
        """One request, whose path and headers are not tidied up; `chunked` sends the body without its length."""
        given = dict(headers)
        if login and self.cookie:
            given.setdefault("Cookie", self.cookie)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            if given.setdefault("Host", f"127.0.0.1:{self.port}") is None:
                del given["Host"]
            for name, value in given.items():
                connection.putheader(name, value)
            if body and not chunked:
                connection.putheader("Content-Length", str(len(body)))
            if chunked:
                connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders()
            try:
                if chunked:
                    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
                if body:
                    connection.send(body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before the body was through
            answer = connection.getresponse()
            try:
                content = answer.read()
            except http.client.IncompleteRead as broken:  # a stream that the server gave up
                content = broken.partial
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, content)
        except ConnectionResetError:
            return Reply(HUNG_UP, {}, b"")
        finally:
            connection.close()

    def post(self, path, value, **options):
        """JSON, as Gradio's own client sends it."""
        headers = {"Content-Type": "application/json", **options.pop("headers", {})}
        return self.send(path, "POST", headers, json.dumps(value).encode(), **options)

    def upload(self, name="a.txt", content=b"a", **options):
        """A file, as a form sends it."""
        headers = {
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            **options.pop("headers", {}),
        }
        return self.send("/gradio_api/upload", "POST", headers, form(name, content), **options)

    def log_in(self, password, **options):
        """Try a password."""
        body = urllib.parse.urlencode({"username": "guest", "password": password}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", **options.pop("headers", {})}
        return self.send("/login", "POST", headers, body, login=False, **options)

    def call(self, name, *values, **options):
        """The last event of a named endpoint's stream, as (kind, data)."""
        started = self.post(f"/gradio_api/call/{name}", {"data": list(values)}, **options)
        assert started.status == 200, started.text
        event = json.loads(started.body)["event_id"]
        lines = self.send(f"/gradio_api/call/{name}/{event}", **options).text.strip().split("\n\n")[-1]
        kind, data = (line.split(": ", 1)[1] for line in lines.splitlines())
        return kind, json.loads(data)


def form(name, content):
    """The body of a form with one file."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def start(mode, own, weights, running):
    """A site of `mode` that writes below `own` alone."""
    settings = Settings(
        mode=mode,
        weights_dir=weights,
        runs_dir=own / "runs",
        data_dir=own / "data",
        outputs_dir=own / "outputs",
        hub_dir=own / "hub",
        device="cpu",
        offline=True,
    )
    page, options = build_app(settings)
    if settings.rules.login:
        options["auth"] = ("guest", PASSWORD)
    page.launch(prevent_thread_lock=True, quiet=True, share=False, **options)
    running.callback(page.close)
    site = Site(mode, page.server_port, settings, page.app)
    if settings.rules.login:
        cookies = site.log_in(PASSWORD).headers["set-cookie"]
        site.cookie = cookies.split(";")[0]
    return site


@pytest.fixture(scope="session")
def sites(debug_models, tmp_path_factory):
    """The page in its three modes, by mode."""
    own = tmp_path_factory.mktemp("web")
    with ExitStack() as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(own / "gradio"))
        yield {mode: start(mode, own / mode, debug_models, running) for mode in ("local", "share", "spaces")}


@pytest.fixture(params=["local", "share", "spaces"])
def site(request, sites):
    """The page in each mode."""
    return sites[request.param]


@pytest.fixture
def somebody():
    """A public address that no other test has used."""
    number = uuid.uuid4().bytes
    return f"9.{number[0]}.{number[1]}.{number[2]}"
