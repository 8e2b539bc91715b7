"""Servers on loopback: the real `transformers serve` with a tiny Llama, an endpoint that draws, and one that fails."""

import json
import os
import socket
import subprocess
import sys
import threading
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

from tests.checkpoints.language import write_llama

MODEL = "tests/tiny-llama"
SHA = "1" * 40
LISTED = json.dumps({"data": [{"id": MODEL}]}).encode()


def free_port():
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def transformers_serve(folder):
    """The base URL of `transformers serve`, which finds a tiny Llama in a hub cache of its own."""
    repo = folder / "hub" / f"models--{MODEL.replace('/', '--')}"
    write_llama(repo / "snapshots" / SHA)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(SHA)
    port, log = free_port(), folder / "serve.txt"
    environment = os.environ | {
        "HF_HUB_CACHE": str(folder / "hub"),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }
    command = [
        Path(sys.executable).with_name("transformers"),
        "serve",
        "--device",
        "cpu",
        "--port",
        str(port),
    ]
    with log.open("w") as words:
        process = subprocess.Popen(command, env=environment, stdout=words, stderr=words)
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_until_healthy(url, process, log):
    """Return once the server answers; fail with its own words if it ends first."""
    for _ in range(600):
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            try:
                process.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                continue
    raise AssertionError("transformers serve did not start")


class Scripted(BaseHTTPRequestHandler):
    """Answers each POST by the server's `script(handler, body)`, and remembers what was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers), None))
        self.send(200, self.server.listed, "application/json")

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, dict(self.headers), body))
        self.server.script(self, body)

    def reply(self, status, value):
        """A JSON answer."""
        self.send(status, json.dumps(value).encode(), "application/json")

    def send(self, status, data, kind):
        """A whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def begin_stream(self):
        """The head of a stream that ends when the connection closes."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def event(self, text, finish=None, **more):
        """One part of a chat stream."""
        choice = {
            "index": 0,
            "delta": {"role": "assistant", "content": text},
            "finish_reason": finish,
            **more,
        }
        part = {"id": "1", "created": 0, "model": MODEL, "system_fingerprint": "", "choices": [choice]}
        self.wfile.write(f"data: {json.dumps(part)}\n\n".encode())
        self.wfile.flush()

    def log_message(self, *words):
        """Say nothing."""


@contextmanager
def scripted(script=None, listed=LISTED):
    """A server whose answers the test writes; `.url`, `.asked` and `.script` are its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    server.daemon_threads = True
    server.script, server.listed, server.asked = script, listed, []
    server.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def draw_plain(handler, body):
    """An inference endpoint: a PNG of one colour, which the seed chooses, in the size that was asked for."""
    from PIL import Image

    asked = body["parameters"]
    seed, file = asked["seed"], BytesIO()
    size = (asked.get("width", 64), asked.get("height", 48))
    Image.new("RGB", size, (seed % 256, 90, 120)).save(file, "PNG")
    handler.send(200, file.getvalue(), "image/png")
