"""A server of a test's own on this machine: it listens while its `with` block lasts."""

import threading
from http.server import ThreadingHTTPServer


class Loopback:
    """`handler` answers each call in a thread; there it finds this object as `hub`. `url` is where it listens."""

    def __init__(self, handler):
        bound = type("Bound", (handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exception):
        self.server.shutdown()
        self.server.server_close()


class Quiet:
    """Of a BaseHTTPRequestHandler that logs nothing and keeps connections."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        """Silence."""
